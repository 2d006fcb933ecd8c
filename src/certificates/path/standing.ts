import type { KeyObject } from "node:crypto";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { Oid } from "../der/index.ts";
import {
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeCertificatePolicies,
  decodeKeyUsage,
  decodeSubjectAltName,
  decodeSubjectKeyIdentifier,
  type PolicyInformation,
} from "../extensions/index.ts";
import { decodePublicKey, importPublicKey, type PublicKey } from "../keys/index.ts";
import { type CertificateProfile, profileOf } from "../profiles/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { type KeyUsageBit, Oids } from "../vocabulary/index.ts";
import { describeCertificate } from "./describe-certificate.ts";

/** A certificate with all that a path is judged by, decoded once. A part that is absent or malformed is undefined. */
export interface Standing {
  readonly certificate: Certificate;
  /** As a person would name it. */
  readonly label: string;
  /** The octets of its subject and of its public key, to look it up and compare it by. */
  readonly name: string;
  readonly key: string;
  readonly profile: CertificateProfile | undefined;
  readonly isSelfIssued: boolean;
  readonly keyIdentifier: Buffer | undefined;
  readonly authority: AuthorityKeyIdentifier | undefined;
  readonly constraints: BasicConstraints | undefined;
  readonly usage: readonly KeyUsageBit[] | undefined;
  readonly policies: readonly PolicyInformation[] | undefined;
  /** What kind of key it is; undefined when it is none of the SMKI's. */
  readonly publicKey: PublicKey | undefined;
  /** The extensions that are there and cannot be decoded. */
  readonly malformed: readonly Oid[];
}

/** Octets as a key of a map. */
export const asKey = (octets: Buffer): string => octets.toString("latin1");

/** Decodes what a path is judged by. It never throws for what a certificate holds. */
export function standingOf(certificate: Certificate): Standing {
  const malformed: Oid[] = [];
  const decoded = <T>(id: Oid, decode: (value: Buffer) => T): T | undefined => {
    const extension = certificate.extensions.find((each) => each.id === id);
    if (extension === undefined) return undefined;
    const value = orUndefined(() => decode(extension.value));
    if (value === undefined) malformed.push(id);
    return value;
  };
  const keyIdentifier = decoded(Oids.subjectKeyIdentifier, decodeSubjectKeyIdentifier);
  const authority = decoded(Oids.authorityKeyIdentifier, decodeAuthorityKeyIdentifier);
  const constraints = decoded(Oids.basicConstraints, decodeBasicConstraints);
  const usage = decoded(Oids.keyUsage, decodeKeyUsage);
  const policies = decoded(Oids.certificatePolicies, decodeCertificatePolicies);
  decoded(Oids.subjectAltName, decodeSubjectAltName);
  return {
    certificate,
    label: describeCertificate(certificate),
    name: asKey(certificate.subject.der),
    key: asKey(certificate.subjectPublicKeyInfo.der),
    profile: profileOf(certificate),
    isSelfIssued: certificate.issuer.der.equals(certificate.subject.der),
    keyIdentifier,
    authority,
    constraints,
    usage,
    policies,
    publicKey: orUndefined(() => decodePublicKey(certificate.subjectPublicKeyInfo)),
    malformed,
  };
}

/** The key, ready to verify with; undefined when it is none that the SMKI has. */
export function verifyingKeyOf(standing: Standing): KeyObject | undefined {
  return orUndefined(() => importPublicKey(standing.certificate.subjectPublicKeyInfo.der));
}

/** What is there to be read, or undefined for what a coded error refuses; any other error is a defect of ours. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}
