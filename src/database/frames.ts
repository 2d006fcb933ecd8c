import { SmkiError } from "../errors/smki-error.ts";

const lengthOctets = 4;

/**
 * Puts several byte strings into one: each led by its length in four octets, big-endian. One value of a
 * chunk row is far cheaper to write and read than a row, or an array element, for each.
 */
export function frame(parts: readonly Uint8Array[]): Buffer {
  const framed = Buffer.allocUnsafe(parts.reduce((total, part) => total + lengthOctets + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    offset = framed.writeUInt32BE(part.length, offset);
    framed.set(part, offset);
    offset += part.length;
  }
  return framed;
}

/**
 * Takes apart what `frame` put together. The parts are views into `framed`.
 *
 * @throws SmkiError DATABASE_ROW_DAMAGED when the lengths do not add up
 */
export function unframe(framed: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset < framed.length) {
    const start = offset + lengthOctets;
    const end = start <= framed.length ? start + framed.readUInt32BE(offset) : Number.POSITIVE_INFINITY;
    if (end > framed.length) throw new SmkiError("DATABASE_ROW_DAMAGED", { offset, octets: framed.length });
    parts.push(framed.subarray(start, end));
    offset = end;
  }
  return parts;
}
