import { Oids } from "../../vocabulary/index.ts";
import { contentsOf } from "../names.ts";
import type { TbsRule } from "../rule.ts";

/** The common name that an Organisation may have is short. */
export const subjectCommonNameLength: TbsRule = {
  name: "subject-common-name-length",
  source: "SEC Appendix B, certificate profile (Subject X520 Common Name)",
  appliesTo: (profile) => profile === "organisation",
  check: ({ subject }, { limits }) => {
    const name = contentsOf(subject, Oids.commonName);
    if (name === undefined || (name.length > 0 && name.length <= limits.organisationNameOctets))
      return undefined;
    return `The subject's CN has ${String(name.length)} octets, not 1 to ${String(limits.organisationNameOctets)}`;
  },
};
