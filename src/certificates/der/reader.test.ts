import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../errors/catalogue.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { readBoolean } from "./boolean.ts";
import { type DerLimits, type DerReader, readDer } from "./reader.ts";
import { Tag } from "./tags.ts";
import { element, sequence, setOf } from "./writer.ts";

const any = (reader: DerReader) => reader.element();

function codeOf(hexadecimal: string, read: (reader: DerReader) => unknown = any, limits?: DerLimits) {
  try {
    readDer(Buffer.from(hexadecimal.replaceAll(" ", ""), "hex"), read, limits);
    return undefined;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return error.code;
  }
}

const refusals: [string, string, ErrorCode][] = [
  ["nothing at all", "", "DER_TRUNCATED"],
  ["a tag alone", "30", "DER_TRUNCATED"],
  ["a length beyond the end", "04 02 00", "DER_TRUNCATED"],
  ["a length whose octets are cut off", "04 82 01", "DER_TRUNCATED"],
  ["an element inside that is longer than its parent", "30 03 04 02 00", "DER_TRUNCATED"],
  ["bytes after the end", "05 00 00", "DER_TRAILING_BYTES"],
  ["a long form for a length below 128", "04 81 01 00", "DER_LENGTH_NOT_MINIMAL"],
  ["a length with a leading zero octet", `04 82 00 80 ${"00".repeat(128)}`, "DER_LENGTH_NOT_MINIMAL"],
  ["an indefinite length", "30 80 00 00", "DER_LENGTH_INDEFINITE"],
  ["a length of more than four octets", "04 85 01 00 00 00 00", "DER_TOO_LARGE"],
  ["a constructed OCTET STRING", "24 03 04 01 00", "DER_TAG_UNSUPPORTED"],
  ["a constructed UTF8String", "2c 03 0c 01 41", "DER_TAG_UNSUPPORTED"],
  ["a primitive SEQUENCE", "10 00", "DER_TAG_UNSUPPORTED"],
  ["a high tag number", "1f 81 00 00", "DER_TAG_UNSUPPORTED"],
  ["an end-of-contents octet", "00 00", "DER_TAG_UNSUPPORTED"],
  ["a boolean that is neither 00 nor FF", "01 01 01", "DER_BOOLEAN_INVALID"],
  ["an integer without octets", "02 00", "DER_INTEGER_NOT_MINIMAL"],
  ["a positive integer with a superfluous octet", "02 02 00 7f", "DER_INTEGER_NOT_MINIMAL"],
  ["a negative integer with a superfluous octet", "02 02 ff 80", "DER_INTEGER_NOT_MINIMAL"],
  ["a bit string with 8 unused bits", "03 02 08 00", "DER_BIT_STRING_INVALID"],
  ["a bit string whose unused bits are set", "03 02 01 01", "DER_BIT_STRING_INVALID"],
  ["a bit string of no bits that has unused ones", "03 01 01", "DER_BIT_STRING_INVALID"],
  ["a null with contents", "05 01 00", "DER_NULL_INVALID"],
  ["an object identifier that ends within an arc", "06 02 2a 86", "DER_OID_INVALID"],
  ["an object identifier whose arc has a leading zero group", "06 03 2a 80 01", "DER_OID_INVALID"],
  ["a UTF8String that is not UTF-8", "0c 02 c3 28", "DER_STRING_INVALID"],
  ["a PrintableString with an at sign", "13 01 40", "DER_STRING_INVALID"],
  ["a BMPString of an odd length", "1e 01 41", "DER_STRING_INVALID"],
  ["a UniversalString beyond Unicode", "1c 04 00 11 00 00", "DER_STRING_INVALID"],
  ["the 30th of February", "17 0d 3136303233303030303030305a", "DER_TIME_INVALID"],
  ["a time with an offset", "17 11 3136303231303030303030302b30303030", "DER_TIME_INVALID"],
];

describe("the reader refuses", () => {
  it.each(refusals)("%s", (_what, encoding, code) => {
    expect(codeOf(encoding)).toBe(code);
  });

  it("the same inside a sequence that nobody interprets", () => {
    for (const [what, encoding, code] of refusals) {
      const inner = Buffer.from(encoding.replaceAll(" ", ""), "hex");
      if (inner.length === 0 || code === "DER_TRAILING_BYTES") continue;
      expect(codeOf(sequence(inner).toString("hex")), what).toBe(code);
    }
  });

  it("another tag than the one expected, saying which and where", () => {
    const read = (reader: DerReader) => reader.sequence((inner) => inner.contents(Tag.integer));
    expect(() => readDer(Buffer.from("30020400", "hex"), read)).toThrow("expected: 02, found: 04, offset: 2");
  });

  it("what a callback leaves unread", () => {
    expect(codeOf("30 06 01 01 ff 01 01 ff", (reader) => reader.sequence(readBoolean))).toBe(
      "DER_TRAILING_BYTES",
    );
  });

  it("an input over the size cap before reading any of it", () => {
    expect(codeOf("ff".repeat(65_537))).toBe("DER_TOO_LARGE");
    expect(codeOf(`04 03 000000`, any, { maximumSize: 4 })).toBe("DER_TOO_LARGE");
  });

  it("nesting over the depth cap, and takes nesting up to it", () => {
    const nested = (depth: number) => {
      let inner = Buffer.from("0500", "hex");
      for (let level = 0; level < depth; level++) inner = Buffer.from(sequence(inner));
      return inner.toString("hex");
    };
    expect(codeOf(nested(16))).toBeUndefined();
    expect(codeOf(nested(17))).toBe("DER_TOO_DEEP");
    expect(codeOf(nested(10_000))).toBe("DER_TOO_DEEP");
  });

  it("a set that is empty or not in order, and takes the one that the writer sorts", () => {
    const read = (reader: DerReader) => reader.setOf((inner) => inner.element());
    expect(codeOf("31 00", read)).toBe("DER_SET_INVALID");
    expect(codeOf("31 06 02 01 02 02 01 01", read)).toBe("DER_SET_INVALID");
    const two = setOf(Buffer.from("020102", "hex"), Buffer.from("020101", "hex"));
    expect(readDer(two, read).map((one) => one.toString("hex"))).toEqual(["020101", "020102"]);
  });
});

describe("reader and writer", () => {
  it("agree on contents of every length about the steps of the length form", () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_000, 65_535, 65_536, 70_000, 16_777_216]) {
      const encoded = element(Tag.octetString, Buffer.alloc(length, 0x5a));
      const contents = readDer(encoded, (reader) => reader.contents(Tag.octetString), {
        maximumSize: 2 ** 25,
      });
      expect(contents).toHaveLength(length);
    }
  });

  it("never fail on random octets but with a DER_ code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const code = codeOf(Buffer.from(octets).toString("hex"));
        expect(code === undefined || code.startsWith("DER_")).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
