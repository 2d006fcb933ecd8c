/** The octets with one occurrence of `from` replaced, and the lengths of all elements around it put right. */
export function replaced(der: Buffer, from: string, to: string): Buffer {
  const target = Buffer.from(from, "hex");
  const at = der.indexOf(target);
  if (at < 0) throw new Error(`${from} does not occur`);
  const by = Buffer.from(to, "hex");
  // Of equal length, no header changes, and what is inside an OCTET STRING need not be DER.
  if (by.length === target.length)
    return Buffer.concat([der.subarray(0, at), by, der.subarray(at + by.length)]);
  return rebuilt(der, at, target.length, by);
}

/** Walks down to the innermost elements around the place and writes their headers anew. */
function rebuilt(der: Buffer, at: number, length: number, by: Buffer): Buffer {
  let position = 0;
  const parts: Buffer[] = [];
  while (position < der.length) {
    const headerLength = (der[position + 1] ?? 0) < 0x80 ? 2 : 2 + ((der[position + 1] ?? 0) & 0x7f);
    const size =
      headerLength === 2 ? (der[position + 1] ?? 0) : der.readUIntBE(position + 2, headerLength - 2);
    const end = position + headerLength + size;
    const contents = der.subarray(position + headerLength, end);
    const within = at >= position + headerLength && at + length <= end;
    if (!within) {
      const overlaps = at < end && at + length > position;
      if (overlaps) return Buffer.concat([der.subarray(0, at), by, der.subarray(at + length)]);
      parts.push(der.subarray(position, end));
    } else {
      const isNested = ((der[position] ?? 0) & 0x20) !== 0 || der[position] === 0x04;
      const inner = isNested
        ? rebuilt(contents, at - position - headerLength, length, by)
        : Buffer.concat([
            contents.subarray(0, at - position - headerLength),
            by,
            contents.subarray(at - position - headerLength + length),
          ]);
      parts.push(withHeader(der[position] ?? 0, inner));
    }
    position = end;
  }
  return Buffer.concat(parts);
}

function withHeader(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  const octets =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...octets]), contents]);
}
