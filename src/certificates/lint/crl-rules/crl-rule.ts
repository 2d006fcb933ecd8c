import type { CertificateList } from "../../crl/parse.ts";
import type { LintIssuer } from "../issuer.ts";

/** What a rule about a list may look at besides the list. */
export interface CrlLintContext {
  readonly issuer: LintIssuer | undefined;
}

/** One rule about a CRL or ARL. */
export interface CrlRule {
  readonly name: string;
  readonly source: string;
  /**
   * @returns what is wrong, or undefined
   * @throws SmkiError when a part cannot be decoded; the lint tells its message as the finding of this rule
   */
  readonly check: (list: CertificateList, context: CrlLintContext) => string | undefined;
}
