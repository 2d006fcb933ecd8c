import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** No extension twice. The parser refuses it first; this holds for what was built without parsing. */
export const extensionDuplicate: TbsRule = {
  name: "extension-duplicate",
  source: "RFC 5280 4.2",
  appliesTo: isAny,
  check: ({ extensions }) => {
    for (let later = 1; later < extensions.length; later++) {
      const id = extensions[later]?.id;
      for (let earlier = 0; earlier < later; earlier++) {
        if (extensions[earlier]?.id === id) return `The extension ${String(id)} occurs twice`;
      }
    }
    return undefined;
  },
};
