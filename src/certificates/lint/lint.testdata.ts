import { loadAuthorityKey, type RealCertificate } from "../real-certificates.testdata.ts";
import type { LintIssuer } from "./issuer.ts";
import { lintIssuer } from "./issuer.ts";
import type { LintLimits } from "./rule.ts";

/** The limits as the rulebook has them. */
export const limits: LintLimits = {
  serialNumberOctets: 16,
  rsaModulusBits: 2048,
  authorityNameOctets: 4,
  organisationNameOctets: 16,
  organisationYears: 10,
};

/** Issuers of the published certificates by the key identifier that those state. */
export function realIssuers(certificates: readonly RealCertificate[]): Map<string, LintIssuer> {
  const issuers = new Map<string, LintIssuer>();
  const z1 = certificates.find(({ name }) => name.endsWith("SUCCESS_COMMAND--Z1-ca"));
  if (z1 !== undefined) issuers.set("4f5688d7ec933be2", lintIssuer(z1.certificate));
  issuers.set("47d40af3412904a0", lintIssuer(loadAuthorityKey("E357-deviceCA-ski47d40af3412904a0.pub.pem")));
  issuers.set("48cf1b32697c4669", lintIssuer(loadAuthorityKey("ZA-rootOCA-ski48cf1b32697c4669.pub.pem")));
  return issuers;
}
