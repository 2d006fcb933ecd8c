import type { CertificateList } from "../crl/parse.ts";
import { crlRules } from "./crl-rules/index.ts";
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
 * @returns the findings in the order of the fields; none for a conforming list
 * @throws SmkiError when the issuer's key cannot be used
 */
export function lintCrl(list: CertificateList, options: CrlLintOptions = {}): Finding[] {
  const issuer = options.issuer === undefined ? undefined : lintIssuer(options.issuer);
  const findings: Finding[] = [];
  askAll(crlRules, list, { issuer }, findings);
  return findings;
}
