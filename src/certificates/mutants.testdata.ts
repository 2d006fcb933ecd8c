import fc from "fast-check";

/** Octets with a few changes of the kinds that break parsers: altered, cut, doubled, dropped or inserted octets. */
export function mutantsOf(originals: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const change = fc.record({
    kind: fc.constantFrom("alter", "flip", "cut", "drop", "insert", "double"),
    at: fc.nat(100_000),
    octet: fc.oneof(
      fc.constantFrom(0x00, 0x01, 0x03, 0x05, 0x30, 0x31, 0x7f, 0x80, 0x84, 0xa0, 0xff),
      fc.nat(255),
    ),
  });
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([original, changes]) => changes.reduce(changed, Buffer.from(original)));
}

function changed(der: Buffer, change: { kind: string; at: number; octet: number }): Buffer {
  if (der.length === 0) return der;
  const at = change.at % der.length;
  const [before, from, after] = [der.subarray(0, at), der.subarray(at), der.subarray(at + 1)];
  const octet = Buffer.from([change.octet]);
  switch (change.kind) {
    case "alter":
      return Buffer.concat([before, octet, after]);
    case "flip":
      return Buffer.concat([before, Buffer.from([der.readUInt8(at) ^ (1 << (change.octet & 7))]), after]);
    case "cut":
      return Buffer.from(before);
    case "drop":
      return Buffer.concat([before, after]);
    case "insert":
      return Buffer.concat([before, octet, from]);
    default:
      return Buffer.concat([before, from, from]);
  }
}
