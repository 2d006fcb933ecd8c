import { isAny } from "../profile.ts";
import type { CertificateRule } from "../rule.ts";

/** The algorithm beside the signature is the one that was signed over. */
export const signatureAlgorithmMatch: CertificateRule = {
  name: "signature-algorithm-match",
  source: "RFC 5280 4.1.1.2",
  appliesTo: isAny,
  check: ({ signatureAlgorithm, tbsSignatureAlgorithm }) =>
    signatureAlgorithm.der.equals(tbsSignatureAlgorithm.der)
      ? undefined
      : "signatureAlgorithm differs from the signature field of the TBSCertificate",
};
