import { Tag } from "../../der/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { attributeName, stringTypeOf } from "../names.ts";
import { isAny, isAuthority } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** An end entity's names are UTF8String, an authority's PrintableString; a uniqueIdentifier is a BIT STRING. */
export const subjectStringType: TbsRule = {
  name: "subject-string-type",
  source: "RFC 5280 4.1.2.4 and 4.1.2.6; GBCS 12",
  appliesTo: isAny,
  check: ({ subject }, { profile }) => {
    const text = isAuthority(profile) ? Tag.printableString : Tag.utf8String;
    for (const attributes of subject.relativeDistinguishedNames) {
      for (const { type, tag } of attributes) {
        const expected = type === Oids.uniqueIdentifier ? Tag.bitString : text;
        if (tag !== expected) {
          return `The subject's ${attributeName(type)} is a ${stringTypeOf(tag)}, not a ${stringTypeOf(expected)}`;
        }
      }
    }
    return undefined;
  },
};
