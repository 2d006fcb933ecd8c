import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  assembleCrl,
  buildTbsCrl,
  type CertificateList,
  parseCrl,
  type RevokedCertificate,
} from "../crl/index.ts";
import { oid, readDer } from "../der/index.ts";
import { assembleCertificate, buildTbsCertificate, type CertificateFields } from "../profiles/index.ts";
import { type Certificate, parseCertificate, readSubjectPublicKeyInfo } from "../syntax/index.ts";
import {
  createSerialNumber,
  eui64,
  type KeyIdentifier,
  normaliseSerialNumber,
  rsaSubjectKeyIdentifier,
  subjectKeyIdentifier,
} from "../vocabulary/index.ts";

/** A key pair with what certificates say of it. */
export interface TestKey {
  readonly privateKey: KeyObject;
  /** For `publicKey` of the fields: a P-256 point, or the SubjectPublicKeyInfo of an RSA key. */
  readonly publicKey: Buffer;
  readonly identifier: KeyIdentifier;
}

/** A new P-256 key. */
export function ecKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const point = readDer(
    publicKey.export({ format: "der", type: "spki" }),
    readSubjectPublicKeyInfo,
  ).publicKey;
  return { privateKey, publicKey: point, identifier: subjectKeyIdentifier(point) };
}

/** A new RSA key of 2048 bits, as the IKI has. */
export function rsaKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const info = publicKey.export({ format: "der", type: "spki" });
  const identifier = rsaSubjectKeyIdentifier(readDer(info, readSubjectPublicKeyInfo).publicKey);
  return { privateKey, publicKey: info, identifier };
}

/** The time that tests ask about unless they say otherwise, and what everything is valid around. */
export const present = new Date("2026-06-01T12:00:00Z");
export const validity = {
  notBefore: new Date("2026-01-01T00:00:00Z"),
  notAfter: new Date("2030-12-31T23:59:59Z"),
};
const policy = oid("1.2.826.0.1.8641679.1.2.1.4");

/** What every certificate has. */
export const common = (key: TestKey) => ({
  serialNumber: createSerialNumber(present),
  policy,
  publicKey: key.publicKey,
});

/** Signs any fields with any key, whether that is right or not. */
export function issue(fields: CertificateFields, by: TestKey): Certificate {
  const tbs = buildTbsCertificate(fields);
  return parseCertificate(assembleCertificate(tbs, sign("sha256", tbs, by.privateKey)));
}

/** A root, its issuing CA and an end entity. */
export interface TestChain {
  readonly root: Certificate;
  readonly issuing: Certificate;
  readonly leaf: Certificate;
  readonly keys: { readonly root: TestKey; readonly issuing: TestKey; readonly leaf: TestKey };
  /** The fields, from which variants are made. */
  readonly fields: {
    readonly root: CertificateFields;
    readonly issuing: CertificateFields;
    readonly leaf: CertificateFields;
  };
}

type Hierarchy = "oca" | "dca" | "iki";

const namesOf = {
  oca: {
    root: { organisationalUnit: "00", commonName: "ZA" },
    issuing: { organisationalUnit: "07", commonName: "Z1" },
  },
  dca: { root: { commonName: "D0" }, issuing: { commonName: "D1" } },
  iki: { root: { commonName: "IKI root" }, issuing: { commonName: "IKI issuer" } },
} as const;

/** A new, conforming chain of one of the three hierarchies. */
export function chainOf(hierarchy: Hierarchy): TestChain {
  const newKey = hierarchy === "iki" ? rsaKey : ecKey;
  const keys = { root: newKey(), issuing: newKey(), leaf: newKey() };
  const names = namesOf[hierarchy];
  const fields = {
    root: rootFields(hierarchy, keys.root),
    issuing: {
      profile: hierarchy === "iki" ? "iki-issuing" : (`issuing-${hierarchy}` as const),
      ...common(keys.issuing),
      validity,
      issuer: names.root,
      subject: names.issuing,
      authorityKeyIdentifier: keys.root.identifier,
    } as CertificateFields,
    leaf: leafFields(hierarchy, keys.leaf, keys.issuing),
  };
  return {
    root: issue(fields.root, keys.root),
    issuing: issue(fields.issuing, keys.root),
    leaf: issue(fields.leaf, keys.issuing),
    keys,
    fields,
  };
}

function rootFields(hierarchy: Hierarchy, key: TestKey): CertificateFields {
  const fields = { ...common(key), validity };
  switch (hierarchy) {
    case "oca": {
      const wrappedContingencyKey = {
        wrapAlgorithm: oid("2.16.840.1.101.3.4.1.48"),
        wrappedKey: Buffer.alloc(104, 7),
      };
      return {
        profile: "root-oca",
        ...fields,
        subject: namesOf.oca.root,
        pathLength: 1,
        wrappedContingencyKey,
      };
    }
    case "dca":
      return { profile: "root-dca", ...fields, subject: namesOf.dca.root, pathLength: 1 };
    case "iki":
      return { profile: "iki-root", ...fields, subject: namesOf.iki.root };
  }
}

function leafFields(hierarchy: Hierarchy, key: TestKey, issuing: TestKey): CertificateFields {
  const fields = {
    ...common(key),
    issuer: namesOf[hierarchy].issuing,
    authorityKeyIdentifier: issuing.identifier,
  };
  switch (hierarchy) {
    case "oca":
      return {
        profile: "organisation",
        ...fields,
        validity,
        subject: { commonName: "SAMPLE", role: 0x02, entityIdentifier: eui64("90b3d51f30010000") },
        keyUsage: "digitalSignature",
      };
    case "dca":
      return {
        profile: "device",
        ...fields,
        validity: { notBefore: validity.notBefore, notAfter: "indefinite" },
        deviceId: eui64("00db1234567890a4"),
        hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
        keyUsage: "keyAgreement",
      };
    case "iki":
      return {
        profile: "iki-end-entity",
        ...fields,
        validity,
        subject: { organisation: "Sample Supplier", role: 0x02, commonName: "batch-1" },
      };
  }
}

/** What a list may differ in from a current one that lists nobody. */
export interface ListChanges {
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly revoked?: readonly RevokedCertificate[];
  readonly signedBy?: TestKey;
  readonly authorityKeyIdentifier?: KeyIdentifier;
}

/** A list by the root (an ARL) or the issuing CA (a CRL) of a chain. */
export function listOf(chain: TestChain, by: "root" | "issuing", changes: ListChanges = {}): CertificateList {
  const { subject, profile } = chain.fields[by] as Extract<CertificateFields, { profile: "issuing-oca" }>;
  const key = chain.keys[by];
  const tbs = buildTbsCrl({
    issuer: subject,
    algorithm: (profile as string).startsWith("iki") ? "sha256WithRSAEncryption" : "ecdsa-with-SHA256",
    thisUpdate: changes.thisUpdate ?? new Date("2026-06-01T00:00:00Z"),
    nextUpdate: changes.nextUpdate ?? new Date("2026-06-03T00:00:00Z"),
    number: 7n,
    authorityKeyIdentifier: changes.authorityKeyIdentifier ?? key.identifier,
    revoked: changes.revoked ?? [],
  });
  return parseCrl(assembleCrl(tbs, sign("sha256", tbs, (changes.signedBy ?? key).privateKey)));
}

/** The entry of a certificate that was revoked at that time. */
export function revokedAt(certificate: Certificate, at: Date): RevokedCertificate {
  const serialNumber = normaliseSerialNumber(certificate.serialNumber.toString("hex"));
  return { serialNumber, revocationDate: at, reason: "keyCompromise" };
}
