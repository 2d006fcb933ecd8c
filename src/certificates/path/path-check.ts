/**
 * Why a path does not hold. The words of the failing check say it for a person; this is for programs, and stable.
 *
 * - about the path: `issuer-not-found`, `issuer-key-identifier`, `issuer-signature` (none of those with the issuer's name
 *   and key identifier signed it), `root-not-trusted`, `no-path`, `path-too-long`, `budget-exceeded`
 * - about one certificate: the others, but for
 * - about its standing: `revoked`, and `list-missing`, `list-not-current`, `list-wrong-key`, `list-signature`,
 *   `list-form`, `list-issuer-usage`, when no list of its issuer says anything that may be relied on
 */
export type PathReason =
  | "issuer-not-found"
  | "issuer-key-identifier"
  | "issuer-signature"
  | "root-not-trusted"
  | "no-path"
  | "path-too-long"
  | "budget-exceeded"
  | "version"
  | "serial-number"
  | "algorithm"
  | "public-key"
  | "extension-malformed"
  | "extension-criticality"
  | "extension-unknown-critical"
  | "name-empty"
  | "name-chaining"
  | "key-identifiers"
  | "signature"
  | "not-self-signed"
  | "not-yet-valid"
  | "expired"
  | "not-an-authority"
  | "path-length"
  | "key-usage"
  | "policy"
  | "hierarchy"
  | "revoked"
  | ListReason;

/** Why no list answers whether a certificate is revoked. */
export type ListReason =
  | "list-missing"
  | "list-not-current"
  | "list-wrong-key"
  | "list-signature"
  | "list-form"
  | "list-issuer-usage";

/** The name of a check, in the order in which they are made: that of the path first, then these for each certificate. */
export type PathCheckName =
  | "path"
  | "version"
  | "serial-number"
  | "algorithm"
  | "extensions"
  | "names"
  | "key-identifiers"
  | "signature"
  | "validity"
  | "basic-constraints"
  | "path-length"
  | "key-usage"
  | "policy"
  | "hierarchy"
  | "revocation";

/** One check that was made. */
export interface PathCheck {
  readonly name: PathCheckName;
  /** The certificate, as a person would name it: `Issuing OCA Z1`. */
  readonly of: string;
  readonly holds: boolean;
  /** What was found, in one plain sentence without a final stop. */
  readonly words: string;
  /** The clause that asks for it, such as `RFC 5280 6.1.3 (a) (2)`. */
  readonly source: string;
  /** Why it does not hold; or, where it holds, what the caller asked only to be told of (see `PathOptions.revocation`). */
  readonly reason?: PathReason;
}

/** What a check finds: nothing amiss, or something for which the path does not hold. */
export type Judgement =
  | { readonly holds: true; readonly words: string; readonly reason?: ListReason }
  | { readonly holds: false; readonly words: string; readonly reason: PathReason };

/** It holds, in these words. */
export const holds = (words: string): Judgement => ({ holds: true, words });

/** It does not, for this reason, in these words. */
export const fails = (reason: PathReason, words: string): Judgement => ({ holds: false, reason, words });
