import { decodeWrappedApexContingencyKey } from "../../extensions/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** The Root OCA's certificate, and no other, carries the wrapped contingency public key, non-critical. */
export const contingencyKey: TbsRule = {
  name: "contingency-key",
  source: "RFC 5934 (id-pe-wrappedApexContinKey); SEC Appendix L (Contingency Key Pair)",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.wrappedApexContingencyKey);
    if (profile !== "root-oca") {
      return extension === undefined
        ? undefined
        : "A wrapped contingency key stands outside the Root OCA's certificate";
    }
    if (extension === undefined) return "The Root OCA's certificate has no wrapped contingency key";
    if (extension.critical) return "The wrapped contingency key is critical";
    const { wrappedKey } = decodeWrappedApexContingencyKey(extension.value);
    return wrappedKey.length > 0 ? undefined : "The wrapped contingency key is empty";
  },
};
