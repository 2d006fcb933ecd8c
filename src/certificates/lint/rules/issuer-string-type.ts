import { Tag } from "../../der/index.ts";
import { attributeName, stringTypeOf } from "../names.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Names chain octet by octet in a Device, so the issuer has the string type of the authority's subject. */
export const issuerStringType: TbsRule = {
  name: "issuer-string-type",
  source: "RFC 5280 4.1.2.4 and 6.1.3 (a) (4); GBCS 12",
  appliesTo: isAny,
  check: ({ issuer }) => {
    for (const attributes of issuer.relativeDistinguishedNames) {
      for (const { tag, type } of attributes) {
        if (tag !== Tag.printableString)
          return `The issuer's ${attributeName(type)} is a ${stringTypeOf(tag)}, not a PrintableString`;
      }
    }
    return undefined;
  },
};
