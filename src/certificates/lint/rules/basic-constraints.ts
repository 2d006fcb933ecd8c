import { encodeCaConstraints } from "../../extensions/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny, isAuthority, isRoot } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

const pathLengthZero = encodeCaConstraints(0);
const pathLengthOne = encodeCaConstraints(1);
const noPathLength = encodeCaConstraints();

/**
 * An end entity has none, not even an empty one. An issuing authority is critical cA TRUE, path length 0;
 * a root may have path length 1 or none.
 */
export const basicConstraints: TbsRule = {
  name: "basic-constraints",
  source: "RFC 5280 4.2.1.9; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.basicConstraints);
    if (!isAuthority(profile)) {
      return extension === undefined ? undefined : "An end-entity certificate has basicConstraints";
    }
    if (extension === undefined) return "An authority's certificate has no basicConstraints";
    if (!extension.critical) return "The basicConstraints are not critical";
    const allowed = isRoot(profile) ? [pathLengthOne, noPathLength] : [pathLengthZero];
    return allowed.some((value) => value.equals(extension.value))
      ? undefined
      : `The basicConstraints ${extension.value.toString("hex")} are not cA TRUE with path length ${isRoot(profile) ? "1 or none" : "0"}`;
  },
};
