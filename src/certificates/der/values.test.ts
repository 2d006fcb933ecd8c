import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { namedBits, readNamedBits, readOctetAlignedBitString } from "./bit-string.ts";
import { readIntegerOctets, readSmallInteger, smallInteger, unsignedInteger } from "./integer.ts";
import { objectIdentifier, oid, readOid } from "./oid.ts";
import { readDer } from "./reader.ts";
import { indefinite, readTime, time } from "./time.ts";
import { printableString } from "./writer.ts";

const from = (hexadecimal: string) => Buffer.from(hexadecimal, "hex");

describe("an integer", () => {
  it("reads back as the number that was written, for every number of 31 bits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), (value) => {
        expect(readDer(smallInteger(value), (reader) => readSmallInteger(reader))).toBe(value);
      }),
    );
  });

  it("has a zero octet before a top bit that is set, and no other", () => {
    expect(unsignedInteger(from("0000ff")).toString("hex")).toBe("020200ff");
    expect(unsignedInteger(from("007f")).toString("hex")).toBe("02017f");
    expect(unsignedInteger(from("00")).toString("hex")).toBe("020100");
    expect(unsignedInteger(from("")).toString("hex")).toBe("020100");
  });

  it("may be read with superfluous octets by those who report them, and by nobody else", () => {
    const padded = from("0202007f");
    expect(readDer(padded, (reader) => readIntegerOctets(reader, { minimal: false }))).toEqual(from("007f"));
    expect(() => readDer(padded, (reader) => readIntegerOctets(reader))).toThrow(
      "superfluous leading octets",
    );
  });

  it("that is negative or too large is refused as a small number", () => {
    for (const encoding of ["0201ff", "02050100000000", "02040fffffff"]) {
      expect(() => readDer(from(encoding), (reader) => readSmallInteger(reader, 5))).toThrow(
        "outside the range",
      );
    }
    expect(() => smallInteger(-1)).toThrow("outside the range");
    expect(() => smallInteger(1.5)).toThrow("outside the range");
  });
});

describe("an object identifier", () => {
  test.each([
    ["1.2.840.10045.4.3.2", "06082a8648ce3d040302"],
    ["1.2.826.0.1.8641679.1.2.1.4", "060d2a863a0001848fb90f01020104"],
    ["1.2.826.0.1.1800000.1.2.1.4", "060c2a863a0001edee4001020104"],
    ["2.999.3", "0603883703"],
    ["0.0", "060100"],
    ["2.5.29.15", "0603551d0f"],
  ])("%s is encoded as %s", (dotted, encoding) => {
    expect(objectIdentifier(oid(dotted)).toString("hex")).toBe(encoding);
    expect(readDer(from(encoding), readOid)).toBe(dotted);
  });

  it("reads back as it was written, with arcs up to 2^53 - 1", () => {
    const arc = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.constantFrom("0.39", "1.0", "2.100"), fc.array(arc, { maxLength: 6 }), (root, arcs) => {
        const dotted = oid([root, ...arcs].join("."));
        expect(readDer(objectIdentifier(dotted), readOid)).toBe(dotted);
      }),
    );
  });

  test.each([
    "",
    "1",
    "3.1",
    "1.40",
    "1.2.",
    "1..2",
    "1.02",
    "a.b",
    "1.2.-3",
    `1.2${".1".repeat(70)}`,
    "1.2.9007199254740993",
  ])("%j is refused", (dotted) => {
    expect(() => oid(dotted)).toThrow("malformed");
  });
});

describe("a list of named bits", () => {
  test.each([
    [[0], "03020780"],
    [[4], "03020308"],
    [[5, 6], "03020106"],
    [[5], "03020204"],
    [[8], "0303070080"],
    [[], "030100"],
  ])("%j is encoded as %s", (bits, encoding) => {
    expect(namedBits(bits).toString("hex")).toBe(encoding);
    expect(readDer(from(encoding), readNamedBits)).toEqual(bits);
  });

  it("with a trailing zero bit is refused", () => {
    expect(() => readDer(from("03020640"), readNamedBits)).not.toThrow();
    expect(() => readDer(from("03020680"), readNamedBits)).toThrow("trailing zero bits");
    expect(() => readDer(from("03020700"), readNamedBits)).toThrow("trailing zero bits");
  });

  it("is no bit string of whole octets", () => {
    expect(() => readDer(from("03020780"), (reader) => readOctetAlignedBitString(reader))).toThrow(
      "bit string",
    );
  });
});

describe("a time", () => {
  test.each([
    ["1949-12-31T23:59:59Z", "GeneralizedTime", "19491231235959Z"],
    ["1950-01-01T00:00:00Z", "UTCTime", "500101000000Z"],
    ["2016-04-06T00:00:00Z", "UTCTime", "160406000000Z"],
    ["2049-12-31T23:59:59Z", "UTCTime", "491231235959Z"],
    ["2050-01-01T00:00:00Z", "GeneralizedTime", "20500101000000Z"],
    ["9999-12-31T23:59:59Z", "GeneralizedTime", "99991231235959Z"],
  ])("%s is a %s, %s", (iso, type, text) => {
    const milliseconds = Date.parse(iso);
    expect(readDer(time(milliseconds), readTime)).toEqual({ type, text, milliseconds });
  });

  it("that means no end is 99991231235959Z", () => {
    expect(new Date(indefinite).toISOString()).toBe("9999-12-31T23:59:59.000Z");
  });

  it("reads back as the second that was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: -50_000_000_000, max: 253_402_300_799 }), (seconds) => {
        expect(readDer(time(seconds * 1000), readTime).milliseconds).toBe(seconds * 1000);
      }),
    );
  });

  test.each([
    ["180d", "160406000000Z"],
    ["170b", "1604060000Z"],
    ["1711", "20160406000000.5Z"],
    ["170d", "16040600000xZ"],
    ["170d", "x60406000000Z"],
    ["180f", "20x60406000000Z"],
    ["170d", "161306000000Z"],
    ["170d", "160406240000Z"],
    ["170d", "150229000000Z"],
  ])("%s %s is refused", (header, text) => {
    const encoding = Buffer.concat([from(header), Buffer.from(text)]);
    encoding.writeUInt8(text.length, 1);
    expect(() => readDer(encoding, readTime)).toThrow("not a real instant");
  });

  it("that cannot be written without loss is refused", () => {
    for (const milliseconds of [1, Number.NaN, indefinite + 1000])
      expect(() => time(milliseconds)).toThrow("not a real instant");
  });
});

test("a PrintableString takes no other characters", () => {
  expect(printableString("E357").toString("hex")).toBe("130445333537");
  for (const text of ["a_b", "é", "a@b", "a*"]) expect(() => printableString(text)).toThrow("characters");
});
