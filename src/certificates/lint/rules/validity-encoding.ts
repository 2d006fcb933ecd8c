import type { Time } from "../../der/index.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

const year1950 = Date.UTC(1950, 0, 1);
const year2050 = Date.UTC(2050, 0, 1);

/** UTCTime through 2049, GeneralizedTime from 2050. */
export const validityEncoding: TbsRule = {
  name: "validity-encoding",
  source: "RFC 5280 4.1.2.5",
  appliesTo: isAny,
  check: ({ validity }) => wrong("notBefore", validity.notBefore) ?? wrong("notAfter", validity.notAfter),
};

function wrong(field: string, time: Time): string | undefined {
  const isUtcYear = time.milliseconds >= year1950 && time.milliseconds < year2050;
  return (time.type === "UTCTime") === isUtcYear
    ? undefined
    : `${field} ${time.text} is written as ${time.type}`;
}
