import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { octetString, sequence, smallInteger, unsignedInteger } from "../../der/index.ts";
import { importPublicKey } from "../../keys/index.ts";
import type { CertificateProfile } from "../../profiles/index.ts";
import { parseTbsCertificate, type ToBeSigned } from "../../syntax/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { limits } from "../lint.testdata.ts";
import { lintTbsCertificate } from "../lint.ts";
import { issuerInfo, sampleFields, sampleTbs } from "../samples.testdata.ts";

const point = Buffer.from(sampleFields.device.publicKey);
const identifierOf = (publicKey: Buffer) => `4${sha1(publicKey).slice(-15)}`;

/** The sample as parsed, with fields put in that no parser would give or whose other fields must follow. */
function altered(of: CertificateProfile, change: (tbs: ToBeSigned) => Partial<ToBeSigned>): ToBeSigned {
  const tbs = parseTbsCertificate(sampleTbs(of));
  return { ...tbs, ...change(tbs) };
}

/** Another public key, with the identifier that goes with it. */
function withKey(publicKey: Buffer, identifier: string) {
  return (tbs: ToBeSigned): Partial<ToBeSigned> => ({
    subjectPublicKeyInfo: { ...tbs.subjectPublicKeyInfo, publicKey },
    extensions: tbs.extensions.map((extension) =>
      extension.id === Oids.subjectKeyIdentifier
        ? { ...extension, value: octetString(Buffer.from(identifier, "hex")) }
        : extension,
    ),
  });
}

const rsaKey = (modulus: Buffer, exponent: number) =>
  sequence(unsignedInteger(modulus), smallInteger(exponent));
const sha1 = (octets: Buffer) => createHash("sha1").update(octets).digest("hex");
const shortKey = rsaKey(Buffer.alloc(128, 0xff), 65_537);
const exponent3 = rsaKey(Buffer.alloc(256, 0xff), 3);
const emptyKey = sequence();
const offCurve = Buffer.from(point);
offCurve.writeUInt8(offCurve.readUInt8(64) ^ 1, 64);
const compressed = Buffer.concat([Buffer.from([2]), point.subarray(1, 33)]);

describe("a to-be-signed certificate is found", () => {
  const cases: readonly [
    rule: string,
    what: string,
    of: CertificateProfile,
    (tbs: ToBeSigned) => Partial<ToBeSigned>,
  ][] = [
    ["version", "of version 1", "device", () => ({ version: 1 })],
    [
      "serial-number",
      "with superfluous zeros in its serial number",
      "device",
      () => ({ serialNumber: Buffer.from([0, 1]) }),
    ],
    ["public-key-point", "with a point off the curve", "device", withKey(offCurve, identifierOf(offCurve))],
    [
      "public-key-point",
      "with a compressed point",
      "organisation",
      withKey(compressed, identifierOf(compressed)),
    ],
    ["public-key-rsa", "with 1024 bits", "iki-end-entity", withKey(shortKey, sha1(shortKey))],
    ["public-key-rsa", "with exponent 3", "iki-end-entity", withKey(exponent3, sha1(exponent3))],
    [
      "public-key-rsa",
      "with an RSA key that is not one",
      "iki-end-entity",
      withKey(emptyKey, sha1(emptyKey)),
    ],
    ["unique-identifiers", "with a subjectUniqueID", "device", () => ({ hasUniqueIdentifiers: true })],
    [
      "extension-duplicate",
      "with an extension twice",
      "device",
      ({ extensions }) => ({ extensions: [...extensions, ...extensions.slice(-1)] }),
    ],
    [
      "contingency-key",
      "with a wrapped contingency key that is not one",
      "root-oca",
      ({ extensions }) => ({
        extensions: extensions.map((extension) =>
          extension.id === Oids.wrappedApexContingencyKey
            ? { ...extension, value: Buffer.from("0500", "hex") }
            : extension,
        ),
      }),
    ],
    [
      "contingency-key",
      "without a wrapped contingency key",
      "root-oca",
      ({ extensions }) => ({
        extensions: extensions.filter(({ id }) => id !== Oids.wrappedApexContingencyKey),
      }),
    ],
  ];
  it.each(cases)("by the rule %s: %s (%s)", (rule, _, of, change) => {
    const found = lintTbsCertificate(altered(of, change), { limits, profile: of });
    expect(found.map((finding) => finding.rule)).toEqual([rule]);
  });

  it.each([
    ["another name of the issuer", { subject: Buffer.from("3000", "hex"), keyIdentifier: undefined }],
    ["another key identifier of the issuer", { subject: undefined, keyIdentifier: Buffer.alloc(8) }],
  ])("by the rule issuer-link: %s", (_, link) => {
    const issuer = { publicKey: importPublicKey(issuerInfo), ...link };
    const found = lintTbsCertificate(sampleTbs("device"), { limits, issuer });
    expect(found.map(({ rule }) => rule)).toEqual(["issuer-link"]);
  });
});
