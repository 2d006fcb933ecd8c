import type { Time } from "../../der/index.ts";
import type { CrlRule } from "./crl-rule.ts";

const year2050 = Date.UTC(2050, 0, 1);

/** nextUpdate present and after thisUpdate; every time a UTCTime through 2049, GeneralizedTime from 2050. */
export const crlTimes: CrlRule = {
  name: "crl-times",
  source: "RFC 5280 5.1.2.4, 5.1.2.5 and 5.1.2.6",
  check: ({ thisUpdate, nextUpdate, entries }) => {
    if (nextUpdate === undefined) return "There is no nextUpdate";
    if (nextUpdate.milliseconds <= thisUpdate.milliseconds) {
      return `nextUpdate ${nextUpdate.text} is not after thisUpdate ${thisUpdate.text}`;
    }
    if (isOfWrongType(thisUpdate)) return `thisUpdate ${thisUpdate.text} is written as ${thisUpdate.type}`;
    if (isOfWrongType(nextUpdate)) return `nextUpdate ${nextUpdate.text} is written as ${nextUpdate.type}`;
    const entry = entries.find(({ revocationDate }) => isOfWrongType(revocationDate));
    return entry === undefined
      ? undefined
      : `The revocation date ${entry.revocationDate.text} is written as ${entry.revocationDate.type}`;
  },
};

function isOfWrongType({ type, milliseconds }: Time): boolean {
  return (type === "UTCTime") !== milliseconds < year2050;
}
