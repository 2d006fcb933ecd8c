import { Oids } from "../../vocabulary/index.ts";
import { contentsOf } from "../names.ts";
import type { TbsRule } from "../rule.ts";

const root = Buffer.from("00", "latin1");
const issuingAuthority = Buffer.from("07", "latin1");

/** The OU of an authority is its Remote Party Role Code: 00 root, 07 issuingAuthority. */
export const authorityRole: TbsRule = {
  name: "authority-role",
  source: "GBCS 12 (RemotePartyRole)",
  appliesTo: (profile) => profile === "organisation" || profile.endsWith("-oca"),
  check: ({ issuer, subject }, { profile }) => {
    const issuerRole = contentsOf(issuer, Oids.organisationalUnit);
    const expected = profile === "organisation" ? issuingAuthority : root;
    if (issuerRole?.equals(expected) === false) {
      return `The issuer's OU is ${issuerRole.toString("latin1")}, not ${expected.toString("latin1")}`;
    }
    if (profile === "organisation") return undefined;
    const subjectRole = contentsOf(subject, Oids.organisationalUnit);
    const own = profile === "root-oca" ? root : issuingAuthority;
    return subjectRole?.equals(own) === false
      ? `The subject's OU is ${subjectRole.toString("latin1")}, not ${own.toString("latin1")}`
      : undefined;
  },
};
