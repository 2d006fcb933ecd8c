import type { CertificateList, ToBeSignedList } from "../crl/parse.ts";
import type { CrlLintContext } from "./crl-rules/crl-rule.ts";
import { signedCrlRules, tbsCrlRules } from "./crl-rules/index.ts";
import { type LintIssuer, type LintIssuerSource, lintIssuer } from "./issuer.ts";
import { askAll } from "./judge.ts";
import type { Finding } from "./rule.ts";

/** What a CRL or ARL is held against. */
export interface CrlLintOptions {
  /** With it, the signature, the issuer's name and its key identifier are judged. */
  readonly issuer?: LintIssuer | LintIssuerSource;
}

/**
 * Holds a CRL or ARL against the rules of its profile (RFC 5280 section 5).
 *
 * @returns the findings, those about the signature last; none for a conforming list
 * @throws SmkiError when the issuer's key cannot be used
 */
export function lintCrl(list: CertificateList, options: CrlLintOptions = {}): Finding[] {
  const context = contextOf(options);
  const findings: Finding[] = [];
  askAll(tbsCrlRules, list, context, findings);
  askAll(signedCrlRules, list, context, findings);
  return findings;
}

/**
 * Holds what is about to be signed against every rule that needs no signature. Signing is refused on a finding.
 *
 * @param list - parsed from the octets that will be signed, not the fields that they were encoded from
 * @param between - awaited after each rule, so that the process can turn to what else it has to do: of a list of
 *   100,000 entries all rules together take a tenth of a second
 */
export async function lintTbsCrl(
  list: ToBeSignedList,
  options: CrlLintOptions = {},
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Finding[]> {
  const context = contextOf(options);
  const findings: Finding[] = [];
  for (const rule of tbsCrlRules) {
    askAll([rule], list, context, findings);
    await between();
  }
  return findings;
}

/** The rest of {@link lintCrl} for a list of which {@link lintTbsCrl} found nothing before it was signed. */
export function lintCrlSignature(list: CertificateList, options: CrlLintOptions = {}): Finding[] {
  const findings: Finding[] = [];
  askAll(signedCrlRules, list, contextOf(options), findings);
  return findings;
}

function contextOf({ issuer }: CrlLintOptions): CrlLintContext {
  return { issuer: issuer === undefined ? undefined : lintIssuer(issuer) };
}
