import { indefinite } from "../../der/index.ts";
import type { TbsRule } from "../rule.ts";

/** A Device Certificate has no well-defined expiry date. */
export const validityDevice: TbsRule = {
  name: "validity-device",
  source: "GBCS 12; RFC 5280 4.1.2.5",
  appliesTo: (profile) => profile === "device",
  check: ({ validity: { notAfter } }) =>
    notAfter.milliseconds === indefinite ? undefined : `notAfter is ${notAfter.text}, not 99991231235959Z`,
};
