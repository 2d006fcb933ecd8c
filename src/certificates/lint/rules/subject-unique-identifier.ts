import { Oids } from "../../vocabulary/index.ts";
import { contentsOf } from "../names.ts";
import type { TbsRule } from "../rule.ts";

/** The Entity Identifier of an Organisation: a BIT STRING of the 64 bits of its EUI-64, none unused. */
export const subjectUniqueIdentifier: TbsRule = {
  name: "subject-unique-identifier",
  source: "GBCS 12 (X520UniqueIdentifier)",
  appliesTo: (profile) => profile === "organisation",
  check: ({ subject }) => {
    const contents = contentsOf(subject, Oids.uniqueIdentifier);
    if (contents === undefined || (contents.length === 9 && contents[0] === 0)) return undefined;
    return `The subject's uniqueIdentifier is ${contents.toString("hex")}, not a BIT STRING of 64 bits`;
  },
};
