import { ecdsaWithSha256, sha256WithRsaEncryption } from "../../keys/index.ts";
import type { SignedCrlRule } from "./crl-rule.ts";

/** One of the two algorithms of the SMKI, octet for octet, the same inside and outside. */
export const crlSignatureAlgorithm: SignedCrlRule = {
  name: "crl-signature-algorithm",
  source: "RFC 5280 5.1.1.2 and 5.1.2.2; RFC 5758 3.2; RFC 4055 5",
  check: ({ tbsSignatureAlgorithm: inner, signatureAlgorithm: outer }) => {
    if (!inner.der.equals(outer.der))
      return "signatureAlgorithm differs from the signature field of the TBSCertList";
    return inner.der.equals(ecdsaWithSha256) || inner.der.equals(sha256WithRsaEncryption)
      ? undefined
      : `The signature algorithm ${inner.der.toString("hex")} is not ecdsa-with-SHA256 or sha256WithRSAEncryption`;
  },
};
