import type { Oid } from "../der/index.ts";
import type { CertificateProfile } from "../profiles/index.ts";
import { type Certificate, parseTbsCertificate, type ToBeSigned } from "../syntax/index.ts";
import { type LintIssuer, type LintIssuerSource, lintIssuer } from "./issuer.ts";
import { askAll } from "./judge.ts";
import { judgedProfile, lintProfiles } from "./profile.ts";
import type { Finding, LintContext, LintLimits } from "./rule.ts";
import { certificateRules, tbsRules } from "./rules/index.ts";

/** What a certificate is held against besides the rules themselves. */
export interface LintOptions {
  /** The figures of the Code; the rulebook has them. */
  readonly limits: LintLimits;
  /** With it, the signature and the link to the issuer are judged. A {@link LintIssuer} is prepared once for many. */
  readonly issuer?: LintIssuer | LintIssuerSource;
  /** The policy OID of the environment; without it any single policy passes. */
  readonly policy?: Oid;
  /** The kind of certificate it is meant to be; without it, what it says of itself ({@link judgedProfile}). */
  readonly profile?: CertificateProfile;
}

/**
 * Holds a certificate against every rule of its profile.
 *
 * @returns the findings in the order of the fields; none for a conforming certificate
 * @throws SmkiError when the issuer's key cannot be used
 */
export function lintCertificate(certificate: Certificate, options: LintOptions): Finding[] {
  const context = contextOf(certificate, options);
  const findings: Finding[] = [];
  askAll(tbsRulesOf[context.profile], certificate, context, findings);
  askAll(certificateRulesOf[context.profile], certificate, context, findings);
  return findings;
}

/**
 * Holds what is about to be signed against every rule that needs no signature. Signing is refused on a finding.
 *
 * @param tbs - the DER TBSCertificate, or what `parseTbsCertificate` made of it: what was really encoded, not the
 * fields that it was encoded from
 * @throws SmkiError with a `DER_` or `CERTIFICATE_` code when it is not a TBSCertificate
 */
export function lintTbsCertificate(tbs: ToBeSigned | Uint8Array, options: LintOptions): Finding[] {
  const toBeSigned = tbs instanceof Uint8Array ? parseTbsCertificate(tbs) : tbs;
  const context = contextOf(toBeSigned, options);
  const findings: Finding[] = [];
  askAll(tbsRulesOf[context.profile], toBeSigned, context, findings);
  return findings;
}

function contextOf(tbs: ToBeSigned, options: LintOptions): LintContext {
  return {
    profile: options.profile ?? judgedProfile(tbs),
    limits: options.limits,
    policy: options.policy,
    issuer: options.issuer === undefined ? undefined : lintIssuer(options.issuer),
  };
}

/** Which rules a profile has is worked out once, here, and not for each certificate. */
const tbsRulesOf = byProfile(tbsRules);
const certificateRulesOf = byProfile(certificateRules);

function byProfile<Rule extends { readonly appliesTo: (profile: CertificateProfile) => boolean }>(
  rules: readonly Rule[],
): Readonly<Record<CertificateProfile, readonly Rule[]>> {
  const entries = lintProfiles.map((profile) => [profile, rules.filter((rule) => rule.appliesTo(profile))]);
  return Object.fromEntries(entries) as Record<CertificateProfile, readonly Rule[]>;
}
