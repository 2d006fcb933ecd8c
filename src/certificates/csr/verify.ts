import { createPublicKey } from "node:crypto";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { signatureAlgorithmOf, verifySignature } from "../keys/index.ts";
import type { CertificationRequest } from "./certification-request.ts";

/**
 * Verifies that whoever made the request holds the private key: its signature under its own public key (proof of
 * possession, SEC Appendix M 2.3). Returns nothing when it holds.
 *
 * OpenSSL checks the key while it imports it, so this may be called before or after the request was read.
 *
 * @throws SmkiError CSR_SIGNATURE_INVALID, CSR_SIGNATURE_ALGORITHM_UNSUPPORTED
 */
export function verifyCsrSignature(request: CertificationRequest): void {
  if (!holds(request)) throw new SmkiError("CSR_SIGNATURE_INVALID");
}

function holds(request: CertificationRequest): boolean {
  const { der } = request.subjectPublicKeyInfo;
  try {
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    const algorithm = signatureAlgorithmOf(request.signatureAlgorithm);
    return verifySignature(algorithm, key, request.info, request.signatureValue);
  } catch (error) {
    if (isSmkiError(error, "SIGNATURE_ALGORITHM_UNSUPPORTED")) {
      throw new SmkiError("CSR_SIGNATURE_ALGORITHM_UNSUPPORTED", error.details, { cause: error });
    }
    // A key that OpenSSL does not take, or a signature that is not strict DER, verifies nothing.
    throw new SmkiError("CSR_SIGNATURE_INVALID", {}, { cause: error });
  }
}
