import { Oids } from "../../vocabulary/index.ts";
import { isP256 } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Devices keep the name of an authority in a few octets. */
export const authorityNameLength: TbsRule = {
  name: "authority-name-length",
  source: "SEC Appendix A and B (certificate profiles, name of the authority)",
  appliesTo: isP256,
  check: ({ issuer, subject }, { limits, profile }) => {
    const subjects = profile === "device" || profile === "organisation" ? [issuer] : [issuer, subject];
    for (const name of subjects) {
      for (const attributes of name.relativeDistinguishedNames) {
        for (const { type, contents } of attributes) {
          if (type !== Oids.commonName) continue;
          if (contents.length === 0 || contents.length > limits.authorityNameOctets) {
            return `An authority's CN has ${String(contents.length)} octets, not 1 to ${String(limits.authorityNameOctets)}`;
          }
        }
      }
    }
    return undefined;
  },
};
