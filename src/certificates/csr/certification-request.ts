import type { AlgorithmIdentifier, Extension, Name, SubjectPublicKeyInfo } from "../syntax/index.ts";

/**
 * A PKCS#10 certification request as it is written (RFC 2986 section 4): strict DER, a well-formed request.
 * Whether it is a request for an SMKI certificate is for {@link readDeviceCsr}, {@link readOrganisationCsr} and
 * {@link readIkiCsr} to say; whether its signature holds, for {@link verifyCsrSignature}.
 *
 * All buffers are views into the octets that were parsed.
 */
export interface CertificationRequest {
  /** The whole request. */
  readonly der: Buffer;
  /** The whole CertificationRequestInfo element: the octets that the signature is over. */
  readonly info: Buffer;
  readonly subject: Name;
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  /** What the extensionRequest attribute asks for, each identifier at most once; empty without the attribute. */
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The octets of the signature BIT STRING. */
  readonly signatureValue: Buffer;
}
