import type { CrlEntry } from "../../crl/parse.ts";
import { decodeReason } from "../../crl/read-fields.ts";
import { Oids } from "../../vocabulary/index.ts";
import type { CrlRule } from "./crl-rule.ts";

/** An entry has no extension, or a reasonCode that is not critical and says something. */
export const crlReasons: CrlRule = {
  name: "crl-reasons",
  source: "RFC 5280 5.3 and 5.3.1",
  check: ({ entries }) => {
    for (const entry of entries) {
      const wrong = wrongIn(entry);
      if (wrong !== undefined) return `The entry of ${entry.serialNumber.toString("hex")} ${wrong}`;
    }
    return undefined;
  },
};

function wrongIn({ extensions }: CrlEntry): string | undefined {
  for (const { id, critical, value } of extensions) {
    if (id !== Oids.reasonCode) return `has the extension ${id}`;
    if (critical) return "has a critical reasonCode";
    const reason = decodeReason(value);
    if (reason === "unspecified") return "says unspecified, which is to be left out";
    if (reason === "removeFromCRL") return "says removeFromCRL, which is for delta lists";
    if (reason === "certificateHold") return "says certificateHold; there is no suspension";
  }
  return undefined;
}
