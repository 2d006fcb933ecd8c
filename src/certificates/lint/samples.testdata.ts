import { createECDH, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { oid } from "../der/index.ts";
import {
  assembleCertificate,
  buildTbsCertificate,
  type CertificateFields,
  type CertificateProfile,
} from "../profiles/index.ts";
import { eui64, keyIdentifier, normaliseSerialNumber } from "../vocabulary/index.ts";

const point = createECDH("prime256v1").generateKeys();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rsaInfo = rsa.publicKey.export({ type: "spki", format: "der" });

/** The key that the samples are signed with: its certificate is not among them. */
export const issuerKey: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =
  generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The DER SubjectPublicKeyInfo of {@link issuerKey}. */
export const issuerInfo: Buffer = issuerKey.publicKey.export({ type: "spki", format: "der" });

const common = {
  serialNumber: normaliseSerialNumber("4fbc5252000102030405060708090a0b"),
  policy: oid("1.2.826.0.1.8641679.1.2.1.4"),
};
const years = (count: number) => ({
  notBefore: new Date("2026-03-01T00:00:00Z"),
  notAfter: new Date(Date.UTC(2026 + count, 1, 28, 23, 59, 59)),
});
const authorityKeyIdentifier = keyIdentifier("4f5688d7ec933be2");
const rsaKeyIdentifier = keyIdentifier("000102030405060708090a0b0c0d0e0f10111213");
const rootOca = { organisationalUnit: "00", commonName: "ZA" };
const issuingOca = { organisationalUnit: "07", commonName: "Z1" };

/** One conforming certificate's fields of each profile. */
export const sampleFields: {
  readonly [Profile in CertificateProfile]: CertificateFields & { profile: Profile };
} = {
  "root-oca": {
    ...common,
    profile: "root-oca",
    publicKey: point,
    validity: years(50),
    subject: rootOca,
    wrappedContingencyKey: {
      wrapAlgorithm: oid("2.16.840.1.101.3.4.1.45"),
      wrappedKey: Buffer.alloc(104, 7),
    },
  },
  "issuing-oca": {
    ...common,
    profile: "issuing-oca",
    publicKey: point,
    validity: years(25),
    issuer: rootOca,
    subject: issuingOca,
    authorityKeyIdentifier,
  },
  organisation: {
    ...common,
    profile: "organisation",
    publicKey: point,
    validity: years(10),
    issuer: issuingOca,
    subject: { commonName: "SAMPLE", role: 0x02, entityIdentifier: eui64("90b3d51f30010000") },
    keyUsage: "digitalSignature",
    authorityKeyIdentifier,
  },
  "root-dca": {
    ...common,
    profile: "root-dca",
    publicKey: point,
    validity: years(50),
    subject: { commonName: "DRT1" },
    pathLength: 1,
  },
  "issuing-dca": {
    ...common,
    profile: "issuing-dca",
    publicKey: point,
    validity: years(25),
    issuer: { commonName: "DRT1" },
    subject: { commonName: "E357" },
    authorityKeyIdentifier,
  },
  device: {
    ...common,
    profile: "device",
    publicKey: point,
    validity: { notBefore: new Date("2026-03-01T00:00:00Z"), notAfter: "indefinite" },
    issuer: { commonName: "E357" },
    deviceId: eui64("00db1234567890a4"),
    hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
    keyUsage: "keyAgreement",
    authorityKeyIdentifier,
  },
  "iki-root": {
    ...common,
    profile: "iki-root",
    publicKey: rsaInfo,
    validity: years(20),
    subject: { commonName: "IKI Root" },
  },
  "iki-issuing": {
    ...common,
    profile: "iki-issuing",
    publicKey: rsaInfo,
    validity: years(10),
    issuer: { commonName: "IKI Root" },
    subject: { organisationalUnit: "07", commonName: "IKI Issuer" },
    authorityKeyIdentifier: rsaKeyIdentifier,
  },
  "iki-end-entity": {
    ...common,
    profile: "iki-end-entity",
    publicKey: rsaInfo,
    validity: years(3),
    issuer: { organisationalUnit: "07", commonName: "IKI Issuer" },
    subject: { organisation: "Sample Supplier Ltd", role: 0x02, commonName: "Head End 1" },
    authorityKeyIdentifier: rsaKeyIdentifier,
  },
};

/** The to-be-signed part of the sample of a profile. */
export function sampleTbs(profile: CertificateProfile): Buffer {
  return buildTbsCertificate(sampleFields[profile]);
}

/** Any TBSCertificate of a P-256 profile, signed with {@link issuerKey}. */
export function signedSample(tbs: Buffer): Buffer {
  return assembleCertificate(tbs, sign("sha256", tbs, issuerKey.privateKey));
}
