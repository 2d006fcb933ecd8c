import { Oids } from "../../vocabulary/index.ts";
import { extensionName, extensionOrder } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Rules of their own say where these may not stand; one deviation is to be one finding. */
const judgedElsewhere = new Set([Oids.basicConstraints, Oids.subjectAltName, Oids.wrappedApexContingencyKey]);

/** Nothing but the profile's own extensions. Which of them are missing is for each extension's own rule to tell. */
export const extensionSet: TbsRule = {
  name: "extension-set",
  source: "RFC 5280 4.2; RFC 5759 3.2; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const known = extensionOrder[profile];
    for (const { id } of tbs.extensions) {
      if (!known.includes(id) && !judgedElsewhere.has(id))
        return `The extension ${extensionName(id)} is not of this profile`;
    }
    return undefined;
  },
};
