import type { PathCheck } from "../path-check.ts";
import { revocation } from "../revocation/revocation.ts";
import type { Place } from "../ways-to-root.ts";
import { algorithm } from "./algorithm.ts";
import { basicConstraints } from "./basic-constraints.ts";
import type { CertificateCheck, PathRules } from "./certificate-check.ts";
import { extensions } from "./extensions.ts";
import { hierarchy } from "./hierarchy.ts";
import { keyIdentifiers } from "./key-identifiers.ts";
import { keyUsage } from "./key-usage.ts";
import { names } from "./names.ts";
import { pathLength } from "./path-length.ts";
import { policy } from "./policy.ts";
import { serialNumber } from "./serial-number.ts";
import { signature } from "./signature.ts";
import { validity } from "./validity.ts";
import { version } from "./version.ts";

/** Every check of one certificate, in the order in which they are made. */
const certificateChecks: readonly CertificateCheck[] = [
  version,
  serialNumber,
  algorithm,
  extensions,
  names,
  keyIdentifiers,
  signature,
  validity,
  basicConstraints,
  pathLength,
  keyUsage,
  policy,
  hierarchy,
  revocation,
];

/**
 * Whether every check holds, made until one does not.
 *
 * @throws SmkiError PATH_BUDGET_EXCEEDED
 */
export function passes(place: Place, rules: PathRules): boolean {
  return certificateChecks.every(({ judge }) => judge(place, rules)?.holds !== false);
}

/**
 * Makes every check of one certificate in its place.
 *
 * @throws SmkiError PATH_BUDGET_EXCEEDED
 */
export function checksOf(place: Place, rules: PathRules): PathCheck[] {
  return certificateChecks.flatMap(({ name, source, judge }) => {
    const judgement = judge(place, rules);
    return judgement === undefined ? [] : [{ name, of: place.subject.label, source, ...judgement }];
  });
}
