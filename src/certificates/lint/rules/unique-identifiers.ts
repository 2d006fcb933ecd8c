import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** issuerUniqueID and subjectUniqueID (not the name attribute) must not be generated. */
export const uniqueIdentifiers: TbsRule = {
  name: "unique-identifiers",
  source: "RFC 5280 4.1.2.8",
  appliesTo: isAny,
  check: (tbs) => (tbs.hasUniqueIdentifiers ? "An issuerUniqueID or subjectUniqueID is present" : undefined),
};
