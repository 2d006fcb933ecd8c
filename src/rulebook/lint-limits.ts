import type { LintLimits } from "../certificates/index.ts";
import type { Rulebook } from "./rulebook.ts";

/**
 * The figures of an edition that lint holds certificates against.
 *
 * @param origin - the first octet of a serial number is ours to choose, so it is judged only in what we issue
 */
export function lintLimits(rules: Rulebook, origin: "issued-here" | "anywhere" = "anywhere"): LintLimits {
  return {
    serialNumberOctets: rules.serialNumberOctets.value,
    rsaModulusBits: rules.ikiKeyBits.value,
    authorityNameOctets: rules.caNameMaximumOctets.value,
    organisationNameOctets: rules.organisationCommonNameMaximumOctets.value,
    organisationYears: rules.organisationCertificateMaximumYears.value,
    ...(origin === "anywhere"
      ? {}
      : {
          serialNumberFirstOctet: {
            lowest: rules.serialNumberFirstOctetFrom.value,
            highest: rules.serialNumberFirstOctetTo.value,
          },
        }),
  };
}
