import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Extensions need version 3, and every profile has extensions. */
export const version: TbsRule = {
  name: "version",
  source: "RFC 5280 4.1.2.1",
  appliesTo: isAny,
  check: (tbs) => (tbs.version === 3 ? undefined : `The version is ${String(tbs.version)}, not 3`),
};
