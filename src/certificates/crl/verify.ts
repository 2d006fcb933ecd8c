import type { KeyObject } from "node:crypto";
import { signatureAlgorithmOf, verifySignature } from "../keys/index.ts";
import type { CertificateList } from "./parse.ts";

/**
 * Says whether this key signed this list. It judges nothing else: not the issuer's name, nor whether it is current.
 *
 * @param issuerKey - from `importPublicKey`, of the certificate of the CA
 * @throws SmkiError SIGNATURE_ENCODING_INVALID, SIGNATURE_ALGORITHM_UNSUPPORTED, SIGNATURE_KEY_MISMATCH
 */
export function verifyCrlSignature(list: CertificateList, issuerKey: KeyObject): boolean {
  return verifySignature(
    signatureAlgorithmOf(list.signatureAlgorithm),
    issuerKey,
    list.tbs,
    list.signatureValue,
  );
}
