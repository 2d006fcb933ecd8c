import { signatureAlgorithmOf, verifySignature } from "../../keys/index.ts";
import { isAny } from "../profile.ts";
import type { CertificateRule } from "../rule.ts";

/** The issuer's key made the signature; judged only where the issuer is given. */
export const signature: CertificateRule = {
  name: "signature",
  source: "RFC 5280 4.1.1.3 and 6.1.3 (a) (1)",
  appliesTo: isAny,
  check: (certificate, { issuer }) => {
    if (issuer === undefined) return undefined;
    const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm);
    return verifySignature(algorithm, issuer.publicKey, certificate.tbs, certificate.signatureValue)
      ? undefined
      : "The signature does not verify under the issuer's public key";
  },
};
