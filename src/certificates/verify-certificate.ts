import type { KeyObject } from "node:crypto";
import { signatureAlgorithmOf, verifySignature } from "./keys/index.ts";
import type { Certificate } from "./syntax/index.ts";

/**
 * Says whether this key signed this certificate. It judges nothing else: not names, validity or constraints.
 *
 * @param certificate - from `parseCertificate`
 * @param issuerKey - from `importPublicKey`, of the issuing certificate
 * @throws SmkiError SIGNATURE_ENCODING_INVALID when the signature is not strict DER, SIGNATURE_ALGORITHM_UNSUPPORTED,
 *   SIGNATURE_KEY_MISMATCH
 */
export function verifyCertificate(certificate: Certificate, issuerKey: KeyObject): boolean {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm);
  return verifySignature(algorithm, issuerKey, certificate.tbs, certificate.signatureValue);
}
