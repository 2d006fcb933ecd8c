import { ecdsaWithSha256, sha256WithRsaEncryption } from "../../keys/index.ts";
import { isAny, isIki } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** What the certificate says it is signed with, octet for octet: a NULL parameter is another encoding. */
export const signatureAlgorithm: TbsRule = {
  name: "signature-algorithm",
  source: "RFC 5758 3.2; RFC 5759 3.2; RFC 4055 5; GBCS 12",
  appliesTo: isAny,
  check: ({ tbsSignatureAlgorithm: found }, { profile }) => {
    const expected = isIki(profile) ? sha256WithRsaEncryption : ecdsaWithSha256;
    if (found.der.equals(expected)) return undefined;
    const parameters = found.parameters === undefined ? "without" : "with";
    return `The signature algorithm is ${found.algorithm} ${parameters} parameters, not ${
      isIki(profile) ? "sha256WithRSAEncryption with NULL" : "ecdsa-with-SHA256 without parameters"
    }`;
  },
};
