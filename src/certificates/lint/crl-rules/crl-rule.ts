import type { CertificateList, ToBeSignedList } from "../../crl/parse.ts";
import type { LintIssuer } from "../issuer.ts";

/** What a rule about a list may look at besides the list. */
export interface CrlLintContext {
  readonly issuer: LintIssuer | undefined;
}

/** One rule about what is to be signed of a CRL or ARL, or (`List`) about a signed one. */
export interface CrlRule<List = ToBeSignedList> {
  readonly name: string;
  readonly source: string;
  /**
   * @returns what is wrong, or undefined
   * @throws SmkiError when a part cannot be decoded; the lint tells its message as the finding of this rule
   */
  readonly check: (list: List, context: CrlLintContext) => string | undefined;
}

/** One rule that needs the signed list. */
export type SignedCrlRule = CrlRule<CertificateList>;
