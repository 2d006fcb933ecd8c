import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** A certificate that ends before it begins was never valid. */
export const validityOrder: TbsRule = {
  name: "validity-order",
  source: "RFC 5280 4.1.2.5",
  appliesTo: isAny,
  check: ({ validity: { notBefore, notAfter } }) =>
    notBefore.milliseconds < notAfter.milliseconds
      ? undefined
      : `notBefore ${notBefore.text} is not before notAfter ${notAfter.text}`,
};
