import type { Oid } from "../../der/index.ts";
import type { CertificateProfile } from "../../profiles/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { describeName, hasShape } from "../names.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

const { commonName, organisation, organisationalUnit, uniqueIdentifier } = Oids;

const ikiAuthority = { shapes: [[organisationalUnit, commonName], [commonName]], words: "[OU,] CN" };
const authority = { shapes: [[organisationalUnit, commonName]], words: "OU, CN" };
const deviceAuthority = { shapes: [[commonName]], words: "CN alone" };

/** The subjects that each profile may have: attributes in order, one in each RDN. */
const subjects: Readonly<
  Record<CertificateProfile, { readonly shapes: readonly (readonly Oid[])[]; readonly words: string }>
> = {
  "root-oca": authority,
  "issuing-oca": authority,
  "root-dca": deviceAuthority,
  "issuing-dca": deviceAuthority,
  organisation: {
    shapes: [
      [organisationalUnit, uniqueIdentifier],
      [commonName, organisationalUnit, uniqueIdentifier],
    ],
    words: "[CN,] OU, uniqueIdentifier",
  },
  "iki-root": ikiAuthority,
  "iki-issuing": ikiAuthority,
  device: { shapes: [[]], words: "empty" },
  "iki-end-entity": { shapes: [[organisation, organisationalUnit, commonName]], words: "O, OU, CN" },
};

/** Which attributes the subject has, and in which order. A Device's subject is empty. */
export const subjectName: TbsRule = {
  name: "subject-name",
  source: "GBCS 12; SEC Appendix A, B and Q (certificate profiles); SEC Appendix M Appendix G",
  appliesTo: isAny,
  check: ({ subject }, { profile }) => {
    const allowed = subjects[profile];
    for (const shape of allowed.shapes) if (hasShape(subject, shape)) return undefined;
    return `The subject is ${describeName(subject)}, not ${allowed.words}`;
  },
};
