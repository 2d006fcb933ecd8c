import fc from "fast-check";

const place = fc.nat();
const foreign = ["\0", "\t", "\r", "\n", " ", "+", "=", "A", "0", "#", "\u0085", "\u2028", "\ufeff", "é"];
const inserted = fc.constantFrom(...foreign.map((one) => Buffer.from(one)), Buffer.of(0xff));
const line = fc.constantFrom(
  "",
  "# x",
  "— a.example/w AAAAAAAA",
  "— a+b AAAAAAAA",
  "— a.example/w AAAA",
  "— a !",
);
const at = (text: Buffer, number: number) => number % (text.length + 1);
/**
 * Changes a text a little: one bit, an octet more or less, a line more or elsewhere. What two readers of a format take
 * differently is found in such.
 */
export const littleChange: fc.Arbitrary<(text: Buffer) => Buffer> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([number, bit]) => (text: Buffer) => {
    const flipped = Buffer.from(text);
    const where = number % text.length;
    flipped.writeUInt8(flipped.readUInt8(where) ^ (1 << bit), where);
    return flipped;
  }),
  fc.tuple(place, inserted).map(([number, more]) => (text: Buffer) => {
    const where = at(text, number);
    return Buffer.concat([text.subarray(0, where), more, text.subarray(where)]);
  }),
  fc.tuple(place, fc.integer({ min: 1, max: 3 })).map(([number, less]) => (text: Buffer) => {
    const where = at(text, number);
    return Buffer.concat([text.subarray(0, where), text.subarray(where + less)]);
  }),
  fc.tuple(place, place, line).map(([number, other, more]) => (text: Buffer) => {
    const lines = text.toString("latin1").split("\n");
    const [moved = ""] =
      other % 2 === 0 ? [Buffer.from(more).toString("latin1")] : lines.splice(other % lines.length, 1);
    lines.splice(number % (lines.length + 1), 0, moved);
    return Buffer.from(lines.join("\n"), "latin1");
  }),
);
