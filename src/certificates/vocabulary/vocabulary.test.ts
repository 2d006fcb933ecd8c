import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { eui64, eui64FromOctets, formatEui64 } from "./eui64.ts";
import { keyIdentifier, rsaSubjectKeyIdentifier, subjectKeyIdentifier } from "./key-identifier.ts";
import {
  organisationalUnitOf,
  remotePartyRole,
  remotePartyRoles,
  roleOfName,
  roleOfOrganisationalUnit,
} from "./remote-party-role.ts";
import { createSerialNumber, normaliseSerialNumber, serialNumberFromOctets } from "./serial-number.ts";

describe("an EUI-64", () => {
  test.each([
    "00-DB-12-34-56-78-90-A4",
    "00db1234567890a4",
    "00:db:12:34:56:78:90:a4",
    "00 DB 12 34 56 78 90 A4",
  ])("%s is 00db1234567890a4", (text) => {
    expect(eui64(text)).toBe("00db1234567890a4");
  });

  test.each([
    "",
    "00db1234567890a",
    "00db1234567890a4b",
    "0-0db1234567890a4",
    "00db1234567890g4",
    "00--db1234567890a4",
  ])("%j is none", (text) => {
    expect(() => eui64(text)).toThrow("not an EUI-64");
  });

  it("is printed in upper case with hyphens, and read from 8 octets", () => {
    expect(formatEui64(eui64("90b3d51f30010000"))).toBe("90-B3-D5-1F-30-01-00-00");
    expect(eui64FromOctets(Buffer.from("90b3d51f30010000", "hex"))).toBe("90b3d51f30010000");
    expect(() => eui64FromOctets(Buffer.alloc(7))).toThrow("not an EUI-64");
  });
});

describe("a serial number", () => {
  it("is the same however it is written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        const canonical = Buffer.from(octets).toString("hex");
        const number = BigInt(`0x${canonical}`);
        const forms = [
          number.toString(16),
          number.toString(16).toUpperCase(),
          canonical.match(/../g)?.join(":") ?? "",
          canonical.match(/../g)?.join("-").toUpperCase() ?? "",
          `00${canonical}`,
        ];
        for (const form of forms) expect(normaliseSerialNumber(form)).toBe(canonical);
      }),
    );
  });

  test.each(["", "0x12", "12::34", "-1", "g", "1".repeat(33), " ", "12 "])("%j is none", (text) => {
    expect(() => normaliseSerialNumber(text)).toThrow("not a positive number");
  });

  it("is read from the octets of an INTEGER, also with the zero octet before a top bit", () => {
    expect(serialNumberFromOctets(Buffer.from("0a", "hex"))).toBe("0a".padStart(32, "0"));
    expect(serialNumberFromOctets(Buffer.from(`00${"ff".repeat(16)}`, "hex"))).toBe("ff".repeat(16));
    expect(() => serialNumberFromOctets(Buffer.from("ff", "hex"))).toThrow("not a positive number");
    expect(() => serialNumberFromOctets(Buffer.alloc(18, 1))).toThrow("not a positive number");
    expect(() => serialNumberFromOctets(Buffer.alloc(0))).toThrow("not a positive number");
  });
});

describe("a new serial number", () => {
  const moment = fc
    .integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2900, 0, 1) })
    .map((milliseconds) => new Date(milliseconds));

  it("has 16 octets, the first 10 to 7F, and ends with the 88 bits that it was given", () => {
    fc.assert(
      fc.property(moment, fc.uint8Array({ minLength: 11, maxLength: 11 }), (now, random) => {
        const made = createSerialNumber(now, () => Buffer.from(random));
        expect(made).toMatch(/^[1-7][0-9a-f]{31}$/);
        expect(made.endsWith(Buffer.from(random).toString("hex"))).toBe(true);
        expect(normaliseSerialNumber(made)).toBe(made);
      }),
    );
  });

  it("sorts after every one made a sixteenth of a second earlier or more, whatever its random bits", () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: 63, max: 1e9 }), (now, later) => {
        const before = createSerialNumber(now, () => Buffer.alloc(11, 0xff));
        const after = createSerialNumber(new Date(now.getTime() + later), () => Buffer.alloc(11));
        expect(after > before).toBe(true);
      }),
    );
  });

  it("asks for 11 octets of its source and differs from the last one", () => {
    const now = new Date("2026-01-01T00:00:00Z");
    const asked: number[] = [];
    createSerialNumber(now, (octets) => {
      asked.push(octets);
      return randomBytes(octets);
    });
    expect(asked).toEqual([11]);
    expect(new Set(Array.from({ length: 1000 }, () => createSerialNumber(now))).size).toBe(1000);
  });

  it("is not made when the clock is before 2020 or not set", () => {
    for (const now of [
      new Date("2019-12-31T23:59:59Z"),
      new Date(Number.NaN),
      new Date("3000-01-01T00:00:00Z"),
    ]) {
      expect(() => createSerialNumber(now)).toThrow("clock");
    }
  });
});

describe("a Remote Party Role", () => {
  it("has the code, name and unit that the published certificates have", () => {
    const known = {
      root: "00",
      recovery: "01",
      supplier: "02",
      networkOperator: "03",
      accessControlBroker: "04",
      transitionalCoS: "05",
      wanProvider: "06",
      issuingAuthority: "07",
      loadController: "08",
      other: "7F",
      xmlSign: "87",
      dspXmlSign: "89",
    };
    for (const [name, unit] of Object.entries(known)) {
      const code = Number.parseInt(unit, 16);
      expect(remotePartyRoles.find((entry) => entry.code === code)).toEqual({
        code,
        name,
        organisationalUnit: unit,
      });
    }
  });

  it("is found by code, name and unit alike, and only by those", () => {
    expect(remotePartyRoles).toHaveLength(21);
    for (const { code, name, organisationalUnit } of remotePartyRoles) {
      expect(remotePartyRole(code)).toBe(code);
      expect(roleOfName(name)).toBe(code);
      expect(roleOfOrganisationalUnit(organisationalUnit)).toBe(code);
      expect(organisationalUnitOf(code)).toBe(organisationalUnit);
    }
    for (const unit of ["2", "7f", "137", "09", "8B", "supplier"])
      expect(roleOfOrganisationalUnit(unit)).toBeUndefined();
    expect(roleOfName("02")).toBeUndefined();
    expect(() => remotePartyRole(9)).toThrow("no Remote Party Role");
  });
});

describe("a key identifier", () => {
  it("is 0100 and the low 60 bits of the SHA-1 of the point, or the whole SHA-1 for RSA", () => {
    const point = randomBytes(65);
    const digest = createHash("sha1").update(point).digest();
    const low = digest.readBigUInt64BE(12);
    const expected = (0x4n << 60n) | (low & ((1n << 60n) - 1n));
    expect(subjectKeyIdentifier(point)).toBe(expected.toString(16));
    expect(rsaSubjectKeyIdentifier(point)).toBe(digest.toString("hex"));
  });

  it("has 8 or 20 octets", () => {
    expect(keyIdentifier("48CF1B32697C4669")).toBe("48cf1b32697c4669");
    for (const text of ["", "48cf", "48cf1b32697c46690", "zz".repeat(8)])
      expect(() => keyIdentifier(text)).toThrow("8 or 20");
  });
});
