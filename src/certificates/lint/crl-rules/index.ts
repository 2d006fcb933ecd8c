import { crlExtensions } from "./crl-extensions.ts";
import { crlIssuer } from "./crl-issuer.ts";
import { crlReasons } from "./crl-reasons.ts";
import type { CrlRule, SignedCrlRule } from "./crl-rule.ts";
import { crlSerialNumbers } from "./crl-serial-numbers.ts";
import { crlSignature } from "./crl-signature.ts";
import { crlSignatureAlgorithm } from "./crl-signature-algorithm.ts";
import { crlTimes } from "./crl-times.ts";
import { crlVersion } from "./crl-version.ts";

/** The rules about a TBSCertList, in the order of its fields. */
export const tbsCrlRules: readonly CrlRule[] = [
  crlVersion,
  crlIssuer,
  crlTimes,
  crlSerialNumbers,
  crlReasons,
  crlExtensions,
];

/** The rules that need the signed list, asked after the others. */
export const signedCrlRules: readonly SignedCrlRule[] = [crlSignatureAlgorithm, crlSignature];
