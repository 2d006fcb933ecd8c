import { Oids } from "../../vocabulary/index.ts";
import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** No shorter RSA key was ever of the IKI, nor is one safe (SEC Appendix M, Appendix G; NIST SP 800-131A 3). */
const minimumRsaBits = 2048;

const signatureNames = new Map<string, string>([
  [Oids.ecdsaWithSha256, "ecdsa-with-SHA256"],
  [Oids.sha256WithRsaEncryption, "sha256WithRSAEncryption"],
]);

/** One of the two signature algorithms of the SMKI, named alike inside and outside; and a key of one of its two kinds. */
export const algorithm: CertificateCheck = {
  name: "algorithm",
  source: "RFC 5280 4.1.1.2, 4.1.2.3 and 4.1.2.7; RFC 5759 3.1 and 3.2; GBCS 12",
  judge: ({ subject: { certificate, publicKey } }) => {
    const { signatureAlgorithm, tbsSignatureAlgorithm, subjectPublicKeyInfo } = certificate;
    const signature = signatureNames.get(signatureAlgorithm.algorithm);
    if (signature === undefined) {
      const name = signatureAlgorithm.algorithm;
      return fails("algorithm", `It is signed with the algorithm ${name}, which the SMKI does not use`);
    }
    if (!signatureAlgorithm.der.equals(tbsSignatureAlgorithm.der))
      return fails("algorithm", "The signature algorithm that was signed is not the one that it bears");
    if (publicKey === undefined) {
      const name = subjectPublicKeyInfo.algorithm.algorithm;
      return fails("public-key", `Its public key (${name}) is no sound key of a kind that the SMKI uses`);
    }
    if (publicKey.kind === "rsa" && publicKey.modulusBits < minimumRsaBits) {
      const bits = String(publicKey.modulusBits);
      return fails("public-key", `Its RSA key has ${bits} bits; at least 2048 are needed`);
    }
    const key = publicKey.kind === "rsa" ? `RSA of ${String(publicKey.modulusBits)} bits` : "P-256";
    return holds(`It is signed with ${signature}, and its own key is ${key}`);
  },
};
