import type { Time } from "../der/index.ts";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import type { Extension } from "./extension.ts";
import type { Name } from "./name.ts";

/** SubjectPublicKeyInfo (RFC 5280 4.1.2.7). */
export interface SubjectPublicKeyInfo {
  /** The whole element. */
  readonly der: Buffer;
  readonly algorithm: AlgorithmIdentifier;
  /** The octets of the BIT STRING: for P-256 the point, for RSA an RSAPublicKey. */
  readonly publicKey: Buffer;
}

/** notBefore and notAfter (RFC 5280 4.1.2.5). */
export interface Validity {
  readonly notBefore: Time;
  readonly notAfter: Time;
}

/**
 * A certificate as it is written: the syntax of RFC 5280 4.1 with everything that a rule may want to judge,
 * deviations included. It is strict DER and a well-formed Certificate; whether it is an SMKI certificate is
 * for lint and for the profiles (`readFields`) to say. Nothing has been verified.
 *
 * All buffers are views into the octets that were parsed.
 */
export interface Certificate {
  /** The whole Certificate. */
  readonly der: Buffer;
  /** The whole TBSCertificate element: the octets that the signature is over. */
  readonly tbs: Buffer;
  readonly version: 1 | 2 | 3;
  /** Contents octets of the INTEGER, in two's complement: a leading 00 is there if it was encoded. */
  readonly serialNumber: Buffer;
  /** `signature` of the TBSCertificate; RFC 5280 4.1.2.3 has it equal {@link signatureAlgorithm}, which lint checks. */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly validity: Validity;
  readonly subject: Name;
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  /** True when an issuerUniqueID or subjectUniqueID is there, which no SMKI certificate has (RFC 5280 4.1.2.8). */
  readonly hasUniqueIdentifiers: boolean;
  /** In the order encoded, each identifier at most once; empty when there are none. */
  readonly extensions: readonly Extension[];
  /** The outer signatureAlgorithm. */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The octets of the signature BIT STRING, as encoded: an ECDSA-Sig-Value may have non-minimal integers. */
  readonly signatureValue: Buffer;
}
