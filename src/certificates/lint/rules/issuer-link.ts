import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** The issuer field is the issuer's subject octet for octet, and the authorityKeyIdentifier its key identifier. */
export const issuerLink: TbsRule = {
  name: "issuer-link",
  source: "RFC 5280 4.1.2.4, 4.2.1.1 and 6.1.3",
  appliesTo: isAny,
  check: (tbs, { issuer }) => {
    if (issuer === undefined) return undefined;
    if (issuer.subject?.equals(tbs.issuer.der) === false)
      return "The issuer field is not the issuer's subject";
    const stated = extensionOf(tbs, Oids.authorityKeyIdentifier)?.value;
    return stated === undefined || issuer.keyIdentifier?.equals(stated.subarray(4)) !== false
      ? undefined
      : `The authorityKeyIdentifier ${stated.toString("hex", 4)} is not the issuer's ${issuer.keyIdentifier.toString("hex")}`;
  },
};
