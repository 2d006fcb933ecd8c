import type { SignatureAlgorithm } from "../keys/index.ts";
import { Oids } from "../vocabulary/index.ts";
import type { CertificateProfile } from "./certificate-fields.ts";

/** The extensions that SMKI certificates have, and whether each is critical (GBCS 12; RFC 5934 for the last). */
export const extensionRules = {
  keyUsage: { id: Oids.keyUsage, critical: true },
  basicConstraints: { id: Oids.basicConstraints, critical: true },
  certificatePolicies: { id: Oids.certificatePolicies, critical: true },
  subjectKeyIdentifier: { id: Oids.subjectKeyIdentifier, critical: false },
  authorityKeyIdentifier: { id: Oids.authorityKeyIdentifier, critical: false },
  subjectAltName: { id: Oids.subjectAltName, critical: true },
  wrappedApexContingencyKey: { id: Oids.wrappedApexContingencyKey, critical: false },
} as const;

/** The name of an extension of the SMKI. */
export type ExtensionName = keyof typeof extensionRules;

/** What settles the octets of a profile beyond its fields. */
export interface ProfileRule {
  /** How the issuer signs; the subject's key is of the same kind, since each tree has one kind of key. */
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** What the certificate is in its tree. */
  readonly position: "root" | "issuing" | "end-entity";
  /** Whether the names of the tree's authorities begin with an organisational unit. */
  readonly authorityUnit: "role" | "none" | "optional";
  /** Exactly these extensions, in exactly this order. */
  readonly extensions: readonly ExtensionName[];
}

const ecdsa = "ecdsa-with-SHA256";
const rsa = "sha256WithRSAEncryption";
const rootExtensions = [
  "keyUsage",
  "basicConstraints",
  "certificatePolicies",
  "subjectKeyIdentifier",
] as const;
const issuingExtensions = [...rootExtensions, "authorityKeyIdentifier"] as const;
const namedEndEntityExtensions = [
  "keyUsage",
  "subjectKeyIdentifier",
  "certificatePolicies",
  "authorityKeyIdentifier",
] as const;

/**
 * One row a profile. The orders of issuing-oca, organisation and device are those of the DCC's published test
 * certificates; no other kind was ever published, and those follow the nearest of the three.
 */
export const profileRules: Readonly<Record<CertificateProfile, ProfileRule>> = {
  "root-oca": {
    signatureAlgorithm: ecdsa,
    position: "root",
    authorityUnit: "role",
    extensions: [...rootExtensions, "wrappedApexContingencyKey"],
  },
  "issuing-oca": {
    signatureAlgorithm: ecdsa,
    position: "issuing",
    authorityUnit: "role",
    extensions: issuingExtensions,
  },
  "root-dca": {
    signatureAlgorithm: ecdsa,
    position: "root",
    authorityUnit: "none",
    extensions: rootExtensions,
  },
  "issuing-dca": {
    signatureAlgorithm: ecdsa,
    position: "issuing",
    authorityUnit: "none",
    extensions: issuingExtensions,
  },
  organisation: {
    signatureAlgorithm: ecdsa,
    position: "end-entity",
    authorityUnit: "role",
    extensions: namedEndEntityExtensions,
  },
  device: {
    signatureAlgorithm: ecdsa,
    position: "end-entity",
    authorityUnit: "none",
    extensions: [
      "keyUsage",
      "subjectKeyIdentifier",
      "subjectAltName",
      "certificatePolicies",
      "authorityKeyIdentifier",
    ],
  },
  "iki-root": {
    signatureAlgorithm: rsa,
    position: "root",
    authorityUnit: "optional",
    extensions: rootExtensions,
  },
  "iki-issuing": {
    signatureAlgorithm: rsa,
    position: "issuing",
    authorityUnit: "optional",
    extensions: issuingExtensions,
  },
  "iki-end-entity": {
    signatureAlgorithm: rsa,
    position: "end-entity",
    authorityUnit: "optional",
    extensions: namedEndEntityExtensions,
  },
};
