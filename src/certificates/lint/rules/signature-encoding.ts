import { checkEcdsaEncoding } from "../../keys/index.ts";
import { isP256 } from "../profile.ts";
import type { CertificateRule } from "../rule.ts";

/**
 * An ECDSA-Sig-Value in DER: two minimal, positive integers below the order, and nothing after them. Without it, one
 * signature would have several encodings, and strict verifiers refuse the certificate.
 */
export const signatureEncoding: CertificateRule = {
  name: "signature-encoding",
  source: "RFC 3279 2.2.3; X.690 8.3.2",
  appliesTo: isP256,
  check: ({ signatureValue }) => {
    checkEcdsaEncoding(signatureValue);
    return undefined;
  },
};
