import { extensionName, extensionOrder } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/**
 * The order in which every conforming published certificate has them. RFC 5280 leaves it free; here it is fixed, so that
 * the fields of a certificate say all of its octets.
 */
export const extensionOrderRule: TbsRule = {
  name: "extension-order",
  source: "Reference test data of the DCC (every conforming certificate)",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const order = extensionOrder[profile];
    let last = -1;
    for (const { id } of tbs.extensions) {
      const place = order.indexOf(id);
      if (place < 0) continue;
      if (place < last) return `${extensionName(id)} stands after an extension that it goes before`;
      last = place;
    }
    return undefined;
  },
};
