import { Oids } from "../../vocabulary/index.ts";
import { describeName, hasShape } from "../names.ts";
import { isAny, isIki } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

const { commonName, organisationalUnit } = Oids;
const unitAndName = [organisationalUnit, commonName];
const nameAlone = [commonName];

/** The Organisation hierarchy names its authorities OU (role), CN; the Device hierarchy CN alone; the IKI either way. */
export const issuerName: TbsRule = {
  name: "issuer-name",
  source: "GBCS 12; SEC Appendix A, B and Q (certificate profiles)",
  appliesTo: isAny,
  check: ({ issuer }, { profile }) => {
    const mayBeAlone = isIki(profile) || profile === "device" || profile.endsWith("-dca");
    const mayHaveUnit = isIki(profile) || !mayBeAlone;
    if (mayHaveUnit && hasShape(issuer, unitAndName)) return undefined;
    if (mayBeAlone && hasShape(issuer, nameAlone)) return undefined;
    const expected = mayHaveUnit ? (mayBeAlone ? "[OU,] CN" : "OU, CN") : "CN alone";
    return `The issuer is ${describeName(issuer)}, not ${expected}`;
  },
};
