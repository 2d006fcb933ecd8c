import { encodeKeyUsage } from "../../extensions/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny, isAuthority } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

const digitalSignature = encodeKeyUsage(["digitalSignature"]);
const keyAgreement = encodeKeyUsage(["keyAgreement"]);
const authority = encodeKeyUsage(["keyCertSign", "cRLSign"]);

/** Critical, and exactly one use: both of an authority's, or one of an end entity's. */
export const keyUsage: TbsRule = {
  name: "key-usage",
  source: "RFC 5280 4.2.1.3; RFC 5759 3.2; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.keyUsage);
    if (extension === undefined) return "There is no keyUsage";
    if (!extension.critical) return "The keyUsage is not critical";
    const { value } = extension;
    if (isAuthority(profile)) {
      return value.equals(authority) ? undefined : other(value, "keyCertSign and cRLSign");
    }
    if (value.equals(digitalSignature)) return undefined;
    if (profile === "iki-end-entity") return other(value, "digitalSignature alone");
    return value.equals(keyAgreement) ? undefined : other(value, "digitalSignature or keyAgreement alone");
  },
};

function other(value: Buffer, expected: string): string {
  return `The keyUsage ${value.toString("hex")} is not ${expected}`;
}
