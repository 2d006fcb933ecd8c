import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { issuerKey } from "../lint/samples.testdata.ts";
import { normaliseSerialNumber } from "../vocabulary/index.ts";
import { buildTbsCrl, buildTbsCrlOfEntries } from "./build.ts";
import { RevokedEntryWriter } from "./encode-entries.ts";
import { listFields, signList } from "./lists.testdata.ts";
import { parseCrl, parseTbsCrl, parseTbsCrlInParts, withSignature } from "./parse.ts";
import { readCrlFields } from "./read-fields.ts";
import { type RevocationReason, reasonCodes } from "./reason.ts";
import { verifyCrlSignature } from "./verify.ts";

const fields = listFields;
const signed = signList;

function codeOf(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (error) {
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

describe("a list that was built", () => {
  it("is read back as the fields that it was made from, and verifies", () => {
    const list = parseCrl(signed(fields));
    expect(readCrlFields(list)).toEqual(fields);
    expect(verifyCrlSignature(list, issuerKey.publicKey)).toBe(true);
    expect(list.version).toBe(2);
  });

  it("has no revokedCertificates when nothing is revoked", () => {
    const list = parseCrl(signed({ ...fields, revoked: [] }));
    expect(list.entries).toEqual([]);
    expect(list.hasEmptyEntries).toBe(false);
  });

  it("leaves the reason unspecified out", () => {
    const [entry] = fields.revoked;
    if (entry === undefined) throw new Error("no entry");
    const list = parseCrl(signed({ ...fields, revoked: [{ ...entry, reason: "unspecified" }] }));
    expect(list.entries[0]?.extensions).toEqual([]);
  });

  it("does not verify under another key, nor with one octet altered", () => {
    const der = signed(fields);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(verifyCrlSignature(parseCrl(der), other.publicKey)).toBe(false);
    const at = der.indexOf(Buffer.from("4fbc5252", "hex")) + 3;
    der.writeUInt8(der.readUInt8(at) ^ 1, at);
    expect(verifyCrlSignature(parseCrl(der), issuerKey.publicKey)).toBe(false);
  });

  it("comes back from any serial number, date, reason and number", () => {
    const reasons = Object.keys(reasonCodes).filter((name) => name !== "unspecified") as RevocationReason[];
    const entry = fc.record(
      {
        serialNumber: fc
          .uint8Array({ minLength: 1, maxLength: 16 })
          .map((octets) => normaliseSerialNumber(Buffer.from(octets).toString("hex"))),
        revocationDate: fc
          .integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 })
          .map((seconds) => new Date(1000 * seconds)),
        reason: fc.constantFrom(...reasons),
      },
      { requiredKeys: ["serialNumber", "revocationDate"] },
    );
    fc.assert(
      fc.property(fc.array(entry), fc.bigInt({ min: 0n, max: 2n ** 150n }), (revoked, number) => {
        const any = { ...fields, revoked, number };
        expect(readCrlFields(parseCrl(signed(any)))).toEqual(any);
      }),
    );
  });

  it("has 100,000 entries in the order given", () => {
    const revoked = Array.from({ length: 100_000 }, (_, index) => ({
      serialNumber: normaliseSerialNumber(`1${randomBytes(16).toString("hex").slice(1)}`),
      revocationDate: new Date(1_700_000_000_000 + 1000 * index),
    }));
    expect(readCrlFields(parseCrl(signed({ ...fields, revoked }))).revoked).toEqual(revoked);
  });
});

describe("a list that is parsed before it is signed", () => {
  const tbs = buildTbsCrl(fields);
  const before = parseTbsCrl(tbs);

  it("is put together with its signature as if it were parsed in whole", () => {
    const der = signed(fields);
    expect(withSignature(der, tbs, before)).toEqual(parseCrl(der));
  });

  it("is the same in parts, however many entries it has", async () => {
    for (const count of [0, 1, 20_000, 20_001, 45_000]) {
      const revoked = Array.from({ length: count }, (_, index) => ({
        serialNumber: normaliseSerialNumber((index + 1).toString(16)),
        revocationDate: new Date(1_700_000_000_000),
        reason: "superseded" as const,
      }));
      const large = buildTbsCrl({ ...fields, revoked });
      let parts = 1;
      const inParts = await parseTbsCrlInParts(large, () => {
        parts += 1;
        return Promise.resolve();
      });
      expect(inParts).toEqual(parseTbsCrl(large));
      expect(parts).toBe(Math.max(1, Math.ceil(count / 20_000)));
    }
  });

  it("is refused in parts where it is refused in whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(tbs.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const altered = Buffer.from(tbs);
        altered.writeUInt8(altered.readUInt8(at) ^ change, at);
        const inParts = await parseTbsCrlInParts(altered, () => Promise.resolve()).then(
          () => "accepted",
          (error: unknown) => (isSmkiError(error) ? error.code : "defect"),
        );
        expect(inParts).toBe(codeOf(() => parseTbsCrl(altered)));
      }),
    );
  });

  it("is not the one that was signed when as little as one octet of it differs", () => {
    fc.assert(
      fc.property(fc.nat(tbs.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const der = signed(fields);
        const start = der.indexOf(tbs);
        der.writeUInt8(der.readUInt8(start + at) ^ change, start + at);
        expect(codeOf(() => withSignature(der, tbs, before))).toBe("CRL_MALFORMED");
      }),
    );
    expect(codeOf(() => withSignature(signed({ ...fields, number: 8n }), tbs, before))).toBe("CRL_MALFORMED");
    expect(codeOf(() => withSignature(signed(fields).subarray(0, -1), tbs, before))).toBe("CRL_MALFORMED");
    expect(codeOf(() => withSignature(Buffer.concat([signed(fields), tbs]), tbs, before))).toBe(
      "CRL_MALFORMED",
    );
  });
});

describe("entries that are written one after another", () => {
  it("stay as they are while more follow, and are never more than announced", () => {
    const [first = expect.fail(), second = expect.fail()] = fields.revoked;
    const writer = new RevokedEntryWriter(2);
    writer.write(first);
    const before = Buffer.from(writer.entries());
    const { octets } = writer;
    writer.write(second);
    expect(writer.entries(octets)).toEqual(before);
    expect(buildTbsCrlOfEntries(fields, writer.entries())).toEqual(buildTbsCrl(fields));
    expect(buildTbsCrlOfEntries(fields, before)).toEqual(buildTbsCrl({ ...fields, revoked: [first] }));
    const full = new RevokedEntryWriter(1);
    full.write(first);
    expect(() => {
      full.write(second);
    }).toThrow(RangeError);
  });
});

describe("a list is refused", () => {
  it.each([
    ["with an octet after its end", Buffer.concat([signed(fields), Buffer.from([0])])],
    ["cut short", signed(fields).subarray(0, -1)],
    ["of no content", Buffer.from([0x30, 0])],
    ["that is empty", Buffer.alloc(0)],
  ])("%s", (_, der) => {
    expect(codeOf(() => parseCrl(der))).toBe("CRL_MALFORMED");
  });

  it("when a revocation date is not a whole second", () => {
    const [entry] = fields.revoked;
    if (entry === undefined) throw new Error("no entry");
    const revoked = [entry, { ...entry, revocationDate: new Date(entry.revocationDate.getTime() + 1) }];
    expect(codeOf(() => buildTbsCrl({ ...fields, revoked }))).toBe("DER_TIME_INVALID");
  });

  it("when its number is negative", () => {
    expect(codeOf(() => buildTbsCrl({ ...fields, number: -1n }))).toBe("CERTIFICATE_FIELD_INVALID");
  });

  it("when its fields are asked for and its number is missing", () => {
    const list = parseCrl(signed(fields));
    const without = { ...list, extensions: list.extensions.slice(0, 1) };
    expect(codeOf(() => readCrlFields(without))).toBe("CRL_PROFILE_UNSUPPORTED");
  });
});
