import { decodeOid, type Oid } from "../../der/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Critical, one policyIdentifier, no qualifiers; the environment's policy where that is given. */
export const certificatePolicies: TbsRule = {
  name: "certificate-policies",
  source: "RFC 5280 4.2.1.4; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { policy }) => {
    const extension = extensionOf(tbs, Oids.certificatePolicies);
    if (extension === undefined) return "There is no certificatePolicies";
    if (!extension.critical) return "The certificatePolicies are not critical";
    const found = onlyPolicy(extension.value);
    if (found === undefined) return "The certificatePolicies are not one policyIdentifier without qualifiers";
    return policy === undefined || found === policy
      ? undefined
      : `The policy is ${found}, not ${policy}, the policy of this environment`;
  },
};

/** The identifier where the value is `SEQUENCE { SEQUENCE { OBJECT IDENTIFIER } }` and nothing more. */
function onlyPolicy(value: Buffer): Oid | undefined {
  const length = value.length - 6;
  const isOne =
    length > 0 &&
    length < 0x7c &&
    value[0] === 0x30 &&
    value[1] === length + 4 &&
    value[2] === 0x30 &&
    value[3] === length + 2 &&
    value[4] === 0x06 &&
    value[5] === length;
  return isOne ? decodeOid(value.subarray(6)) : undefined;
}
