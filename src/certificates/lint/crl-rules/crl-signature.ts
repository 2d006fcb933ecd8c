import { verifyCrlSignature } from "../../crl/verify.ts";
import { checkEcdsaEncoding } from "../../keys/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import type { SignedCrlRule } from "./crl-rule.ts";

/** Strict DER where it is an ECDSA signature, and made by the CA's key where that is given. */
export const crlSignature: SignedCrlRule = {
  name: "crl-signature",
  source: "RFC 5280 5.1.1.3; RFC 3279 2.2.3",
  check: (list, { issuer }) => {
    if (list.signatureAlgorithm.algorithm === Oids.ecdsaWithSha256) checkEcdsaEncoding(list.signatureValue);
    if (issuer === undefined || verifyCrlSignature(list, issuer.publicKey)) return undefined;
    return "The signature does not verify under the CA's public key";
  },
};
