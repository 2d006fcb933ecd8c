import { decodePublicPoint } from "../../keys/index.ts";
import { isP256 } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** An uncompressed point that lies on the curve: what does not decode is told by the error of the decoder. */
export const publicKeyPoint: TbsRule = {
  name: "public-key-point",
  source: "RFC 5480 2.2; RFC 5759 3.1; GBCS 12",
  appliesTo: isP256,
  check: ({ subjectPublicKeyInfo: { publicKey } }) => {
    decodePublicPoint(publicKey);
    return undefined;
  },
};
