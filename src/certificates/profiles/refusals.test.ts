import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../errors/catalogue.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { oid } from "../der/index.ts";
import { parseCertificate } from "../syntax/index.ts";
import {
  eui64,
  type KeyIdentifier,
  keyIdentifier,
  normaliseSerialNumber,
  type SerialNumber,
} from "../vocabulary/index.ts";
import { arbitraryFields } from "./arbitrary-fields.testdata.ts";
import { assembleCertificate, buildTbsCertificate } from "./build.ts";
import type { CertificateFields, DeviceFields, OrganisationFields } from "./certificate-fields.ts";
import { readFields } from "./read-fields.ts";

const key = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const point = key.publicKey.export({ format: "der", type: "spki" }).subarray(-65);

const device: DeviceFields = {
  profile: "device",
  serialNumber: normaliseSerialNumber("10".repeat(16)),
  policy: oid("1.2.826.0.1.8641679.1.2.1.4"),
  publicKey: point,
  issuer: { commonName: "E357" },
  validity: { notBefore: new Date("2016-04-06T00:00:00Z"), notAfter: "indefinite" },
  deviceId: eui64("00-DB-12-34-56-78-90-A4"),
  hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
  keyUsage: "digitalSignature",
  authorityKeyIdentifier: keyIdentifier("47d40af3412904a0"),
};

const organisation: OrganisationFields = {
  profile: "organisation",
  serialNumber: device.serialNumber,
  policy: device.policy,
  publicKey: point,
  issuer: { organisationalUnit: "07", commonName: "Z1" },
  validity: { notBefore: new Date("2015-10-30T00:00:00Z"), notAfter: new Date("2025-10-29T23:59:59Z") },
  subject: { role: 2, entityIdentifier: eui64("90b3d51f30010000") },
  keyUsage: "keyAgreement",
  authorityKeyIdentifier: keyIdentifier("4f5688d7ec933be2"),
};

function refusal(fields: CertificateFields): { code: ErrorCode; field: unknown } | undefined {
  try {
    buildTbsCertificate(fields);
    return undefined;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return { code: error.code, field: error.details["field"] };
  }
}

describe("building a certificate refuses", () => {
  const cases: [string, CertificateFields, ErrorCode, string?][] = [
    [
      "a serial number of fewer than 16 octets",
      { ...device, serialNumber: normaliseSerialNumber("1") },
      "CERTIFICATE_FIELD_INVALID",
      "serialNumber",
    ],
    [
      "a negative serial number",
      { ...device, serialNumber: normaliseSerialNumber("80".repeat(16)) },
      "CERTIFICATE_FIELD_INVALID",
      "serialNumber",
    ],
    [
      "a serial number that is none",
      { ...device, serialNumber: "zz".repeat(16) as SerialNumber },
      "CERTIFICATE_FIELD_INVALID",
      "serialNumber",
    ],
    ["a point of the wrong length", { ...device, publicKey: point.subarray(1) }, "PUBLIC_KEY_POINT_INVALID"],
    ["a point off the curve", { ...device, publicKey: offCurve() }, "PUBLIC_KEY_POINT_INVALID"],
    [
      "a DCA name with an organisational unit",
      { ...device, issuer: { commonName: "E357", organisationalUnit: "07" } },
      "CERTIFICATE_FIELD_INVALID",
      "issuer.organisationalUnit",
    ],
    [
      "an OCA name without one",
      { ...organisation, issuer: { commonName: "Z1" } },
      "CERTIFICATE_FIELD_INVALID",
      "issuer.organisationalUnit",
    ],
    [
      "an OCA name whose unit is no role",
      { ...organisation, issuer: { commonName: "Z1", organisationalUnit: "7" } },
      "CERTIFICATE_FIELD_INVALID",
      "issuer.organisationalUnit",
    ],
    [
      "a CA name that PrintableString cannot hold",
      { ...organisation, issuer: { commonName: "Z_1", organisationalUnit: "07" } },
      "CERTIFICATE_FIELD_INVALID",
      "issuer",
    ],
    [
      "an empty common name",
      { ...organisation, subject: { ...organisation.subject, commonName: "" } },
      "CERTIFICATE_FIELD_INVALID",
      "subject.commonName",
    ],
    [
      "a common name with a line end",
      { ...organisation, subject: { ...organisation.subject, commonName: "A\nB" } },
      "CERTIFICATE_FIELD_INVALID",
      "subject.commonName",
    ],
    [
      "a validity that ends before it begins",
      { ...organisation, validity: { notBefore: new Date(2000), notAfter: new Date(1000) } },
      "CERTIFICATE_FIELD_INVALID",
      "validity",
    ],
    [
      "a time with a fraction of a second",
      { ...organisation, validity: { notBefore: new Date(1), notAfter: new Date(1000) } },
      "DER_TIME_INVALID",
    ],
    [
      "an IKI key identifier in a Device Certificate",
      { ...device, authorityKeyIdentifier: "00".repeat(20) as KeyIdentifier },
      "CERTIFICATE_FIELD_INVALID",
      "authorityKeyIdentifier",
    ],
  ];

  it.each(cases)("%s", (_what, fields, code, field) => {
    expect(refusal(fields)).toEqual({ code, field });
    expect(refusal(fields)).toEqual({ code, field });
  });

  it("the same on a template that is already prepared", () => {
    expect(refusal(device)).toBeUndefined();
    const first = cases.filter(([, fields]) => fields.profile === "device");
    for (const [, fields, code, field] of first) expect(refusal(fields)).toEqual({ code, field });
  });

  it("an RSA key of the IKI that has not 2048 bits", () => {
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({
      format: "der",
      type: "spki",
    });
    fc.assert(
      fc.property(arbitraryFields["iki-end-entity"], (fields) => {
        expect(refusal({ ...fields, publicKey: short })).toEqual({
          code: "CERTIFICATE_FIELD_INVALID",
          field: "publicKey",
        });
      }),
      { numRuns: 3 },
    );
  });
});

describe("reading fields refuses", () => {
  it("any one octet changed in a to-be-signed part, or reads other fields from it", () => {
    const tbs = buildTbsCertificate(device);
    const certificate = assembleCertificate(tbs, sign("sha256", tbs, key.privateKey));
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: tbs.length + 3 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const altered = Buffer.from(certificate);
          altered.writeUInt8(altered.readUInt8(at) ^ flip, at);
          let fields: CertificateFields;
          try {
            fields = readFields(parseCertificate(altered));
          } catch (error) {
            expect(isSmkiError(error)).toBe(true);
            return;
          }
          expect(fields).not.toEqual(device);
          expect(buildTbsCertificate(fields)).toEqual(parseCertificate(altered).tbs);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("a certificate whose outer algorithm is not that of the to-be-signed part, naming it", () => {
    const tbs = buildTbsCertificate(device);
    const whole = assembleCertificate(tbs, sign("sha256", tbs, key.privateKey));
    const at = whole.length - parseCertificate(whole).signatureValue.length - 4;
    whole.writeUInt8(0x03, at); // ecdsa-with-SHA384
    expect(() => readFields(parseCertificate(whole))).toThrow("part: signatureAlgorithm");
  });
});

function offCurve(): Buffer {
  const other = Buffer.from(point);
  other.writeUInt8(other.readUInt8(64) ^ 1, 64);
  return other;
}
