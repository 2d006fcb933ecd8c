import { Oids } from "../../vocabulary/index.ts";
import { contentsOf } from "../names.ts";
import type { TbsRule } from "../rule.ts";

/** The OU of an Organisation or IKI Certificate is a Remote Party Role Code: two upper-case hexadecimal digits. */
export const subjectRoleCode: TbsRule = {
  name: "subject-role-code",
  source: "GBCS 12 (RemotePartyRole); SEC Appendix M Appendix F",
  appliesTo: (profile) => profile === "organisation" || profile === "iki-end-entity",
  check: ({ subject }) => {
    const role = contentsOf(subject, Oids.organisationalUnit);
    if (role === undefined || isRoleCode(role)) return undefined;
    return `The subject's OU is "${role.toString("utf8")}", not two upper-case hexadecimal digits`;
  },
};

function isRoleCode(octets: Buffer): boolean {
  return octets.length === 2 && isUpperHex(octets[0] ?? 0) && isUpperHex(octets[1] ?? 0);
}

function isUpperHex(octet: number): boolean {
  return (octet >= 0x30 && octet <= 0x39) || (octet >= 0x41 && octet <= 0x46);
}
