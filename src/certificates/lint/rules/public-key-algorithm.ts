import { p256KeyAlgorithm, rsaKeyAlgorithm } from "../../keys/index.ts";
import { isAny, isIki } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** id-ecPublicKey with the named curve P-256, or rsaEncryption with NULL for the IKI, octet for octet. */
export const publicKeyAlgorithm: TbsRule = {
  name: "public-key-algorithm",
  source: "RFC 5480 2.1.1; RFC 3279 2.3.1; GBCS 12",
  appliesTo: isAny,
  check: ({ subjectPublicKeyInfo: { algorithm } }, { profile }) => {
    if (algorithm.der.equals(isIki(profile) ? rsaKeyAlgorithm : p256KeyAlgorithm)) return undefined;
    const parameters = algorithm.parameters?.toString("hex") ?? "none";
    return `The key's algorithm is ${algorithm.algorithm} with parameters ${parameters}, not ${
      isIki(profile) ? "rsaEncryption with NULL" : "id-ecPublicKey with prime256v1"
    }`;
  },
};
