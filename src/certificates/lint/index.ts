export { formatFindings, type LintedCertificate, type LintOutcome, type UnreadableFile } from "./format.ts";
export { type LintIssuer, type LintIssuerSource, lintIssuer } from "./issuer.ts";
export { type LintOptions, lintCertificate, lintTbsCertificate } from "./lint.ts";
export { type CrlLintOptions, lintCrl, lintCrlSignature, lintTbsCrl } from "./lint-crl.ts";
export { judgedProfile } from "./profile.ts";
export type { Finding, LintLimits } from "./rule.ts";
