import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { contextConstructed, element, nullValue, readDer, sequence, Tag } from "../der/index.ts";
import { profileOf, readFields } from "../profiles/index.ts";
import { loadRealCertificates } from "../real-certificates.testdata.ts";
import { Oids } from "../vocabulary/index.ts";
import type { Certificate } from "./certificate.ts";
import { textOf } from "./name.ts";
import { parseCertificate, parseTbsCertificate } from "./parse-certificate.ts";

const real = loadRealCertificates();

function example(name: string): Certificate {
  const found = real.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found.certificate;
}

/** The parts of the TBSCertificate as elements, to put together differently. */
function partsOf(certificate: Certificate): Buffer[] {
  return readDer(certificate.tbs, (reader) => reader.sequenceOf((part) => part.element()));
}

function assemble(certificate: Certificate, parts: readonly Buffer[]): Buffer {
  const signature = element(Tag.bitString, Buffer.from([0]), certificate.signatureValue);
  return sequence(sequence(...parts), certificate.signatureAlgorithm.der, signature);
}

describe("a parsed certificate", () => {
  const supplier = example("keystore:Z1-supplier-ds");

  it("shows names with their string types, in order", () => {
    const shown = supplier.subject.relativeDistinguishedNames.map(
      ([only]) => only && [only.type, only.tag, textOf(only)],
    );
    expect(shown).toEqual([
      [Oids.commonName, Tag.utf8String, "GITTESTSUPPLIER"],
      [Oids.organisationalUnit, Tag.utf8String, "02"],
      [Oids.uniqueIdentifier, Tag.bitString, undefined],
    ]);
  });

  it("shows times with their types and extensions in order", () => {
    expect(supplier.validity.notBefore).toEqual({
      type: "UTCTime",
      text: "151030000000Z",
      milliseconds: Date.UTC(2015, 9, 30),
    });
    expect(supplier.extensions.map(({ id, critical }) => [id, critical])).toEqual([
      [Oids.keyUsage, true],
      [Oids.subjectKeyIdentifier, false],
      [Oids.certificatePolicies, true],
      [Oids.authorityKeyIdentifier, false],
    ]);
  });

  it("tells absent parameters from an explicit NULL", () => {
    expect(supplier.signatureAlgorithm.parameters).toBeUndefined();
    expect(example("keystore:mdr-ds").signatureAlgorithm.parameters).toEqual(nullValue);
  });

  it("shows what OpenSSL shows, for every published certificate", () => {
    for (const { name, der, certificate } of real) {
      const oracle = new X509Certificate(der);
      expect(certificate.serialNumber.toString("hex").toUpperCase(), name).toBe(oracle.serialNumber);
      expect(certificate.validity.notBefore.milliseconds, name).toBe(oracle.validFromDate.getTime());
      expect(certificate.validity.notAfter.milliseconds, name).toBe(oracle.validToDate.getTime());
      expect(certificate.subjectPublicKeyInfo.der, name).toEqual(
        oracle.publicKey.export({ format: "der", type: "spki" }),
      );
      expect(parseTbsCertificate(certificate.tbs).extensions, name).toEqual(certificate.extensions);
    }
  });
});

describe("parsing refuses", () => {
  const supplier = example("keystore:Z1-supplier-ds");
  const parts = partsOf(supplier);
  const [version = nullValue, ...rest] = parts;
  const extensions = rest.slice(-1);
  const withoutExtensions = rest.slice(0, -1);
  const explicitVersion = (number: number) => element(contextConstructed(0), Buffer.from([2, 1, number]));
  const oneExtension = sequence(Buffer.from("0603551d0f", "hex"), Buffer.from("040403020780", "hex"));

  it("nothing when the parts are put together unchanged", () => {
    expect(assemble(supplier, parts)).toEqual(supplier.der);
  });

  test.each([
    ["an explicit version 1", [explicitVersion(0), ...rest], "equals its default"],
    ["version 4", [explicitVersion(3), ...rest], "version is unknown"],
    ["extensions in version 2", [explicitVersion(1), ...rest], "version is unknown or does not allow"],
    ["extensions in version 1", rest, "version is unknown or does not allow"],
    ["no serial number", [version, ...rest.slice(1)], "another kind of element"],
    [
      "an empty list of extensions",
      [version, ...withoutExtensions, element(contextConstructed(3), sequence())],
      "list of extensions",
    ],
    [
      "one extension twice",
      [version, ...withoutExtensions, element(contextConstructed(3), sequence(oneExtension, oneExtension))],
      "list of extensions",
    ],
    ["extensions twice", [version, ...rest, ...extensions], "bytes after the end"],
  ])("%s", (_what, altered, message) => {
    expect(() => parseCertificate(assemble(supplier, altered))).toThrow(message);
  });

  it("a critical flag that is written as FALSE", () => {
    const written = sequence(
      Buffer.from("0603551d0f", "hex"),
      Buffer.from("010100", "hex"),
      Buffer.from("040403020780", "hex"),
    );
    const altered = [version, ...withoutExtensions, element(contextConstructed(3), sequence(written))];
    expect(() => parseCertificate(assemble(supplier, altered))).toThrow("equals its default");
  });

  it("more octets than a certificate has", () => {
    expect(() => parseCertificate(Buffer.alloc(16_385, 0x30))).toThrow("larger than is allowed");
  });

  it("but takes a certificate without extensions, as version 1", () => {
    const plain = parseCertificate(assemble(supplier, withoutExtensions));
    expect([plain.version, plain.extensions]).toEqual([1, []]);
    expect(profileOf(plain)).toBe("organisation");
  });
});

/** Real certificates with a few octets changed, put in, taken out or cut off. */
const mutant = fc
  .record({
    original: fc.constantFrom(...real.map(({ der }) => der)),
    changes: fc.array(
      fc.record({
        at: fc.nat(600),
        octet: fc.oneof(
          fc.nat(255),
          fc.constantFrom(0, 1, 2, 3, 5, 6, 12, 19, 0x30, 0x31, 0x80, 0x81, 0xa0, 0xff),
        ),
        how: fc.constantFrom("change", "change", "insert", "remove", "cut"),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ original, changes }) => changes.reduce<Buffer>(mutate, original));

function mutate(der: Buffer, { at, octet, how }: { at: number; octet: number; how: string }): Buffer {
  const place = der.length === 0 ? 0 : at % der.length;
  const before = der.subarray(0, place);
  if (how === "cut") return before;
  if (how === "remove") return Buffer.concat([before, der.subarray(place + 1)]);
  return Buffer.concat([before, Buffer.from([octet]), der.subarray(how === "insert" ? place : place + 1)]);
}

test("mutated real certificates: parsed or refused with a code, and OpenSSL takes whatever is parsed", () => {
  let parsed = 0;
  fc.assert(
    fc.property(mutant, (der) => {
      let certificate: Certificate;
      try {
        certificate = parseCertificate(der);
      } catch (error) {
        if (!isSmkiError(error)) throw error;
        return;
      }
      parsed++;
      // No exclusion is needed: in two million such mutants none was parsed here and refused by OpenSSL.
      expect(() => new X509Certificate(der)).not.toThrow();
      try {
        readFields(certificate);
      } catch (error) {
        if (!isSmkiError(error, "CERTIFICATE_NOT_IN_PROFILE")) throw error;
      }
    }),
    { numRuns: 20_000 },
  );
  expect(parsed).toBeGreaterThan(1000);
});
