import type { SmkiError } from "../../errors/smki-error.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { Certificate } from "../syntax/index.ts";
import { stepAllowance } from "./allowance.ts";
import { searchFor } from "./build-path.ts";
import type { PathRules } from "./checks/certificate-check.ts";
import { checksOf, passes } from "./checks/index.ts";
import { deadEnd } from "./dead-end.ts";
import { Issuers } from "./issuers.ts";
import { fails, holds, type Judgement, type PathCheck, type PathReason } from "./path-check.ts";
import type { PathOptions } from "./path-options.ts";
import { RevocationLists } from "./revocation/revocation-lists.ts";
import { Signatures } from "./signatures.ts";
import { findWays, type Place, pathsOf, type Search, type WaysToRoot } from "./ways-to-root.ts";

/** What was found of a certificate. */
export interface PathResult {
  /** True when every check holds: the certificate may be relied on, at that time, by whoever trusts the root. */
  readonly holds: boolean;
  /** Why it does not: the reason of the first check that fails, that of the path before those of its certificates. */
  readonly reason?: PathReason;
  /** The certificate, then its issuer, and so on: up to a trusted root, or as far as anything leads. */
  readonly path: readonly Certificate[];
  /** Every check that was made, in order: the path, then each certificate from the root down (RFC 5280 6.1). */
  readonly checks: readonly PathCheck[];
}

/**
 * Says whether a certificate may be relied on at a given time: builds the paths to the roots that the caller trusts and
 * holds each against RFC 5280 section 6 and the shape of the SMKI, until one holds. When none does, the result tells of
 * the shortest.
 *
 * It never throws for what a certificate, list or pool holds.
 *
 * @param certificate - from `parseCertificate`: an end entity's, an authority's, or a root
 * @param options - roots, pool and lists, the time, and how much to ask for
 * @throws RangeError when `at` is an invalid Date, with which every comparison would be false
 *
 * @example
 * ```ts
 * const { holds, reason, checks } = validatePath(organisation, {
 *   roots: [rootOca],
 *   pool: [issuingOca],
 *   lists: [crl, arl],
 *   at: new Date(),
 * });
 * if (!holds) console.log(reason, checks.find((check) => !check.holds)?.words);
 * ```
 */
export function validatePath(certificate: Certificate, options: PathOptions): PathResult {
  return createPathValidator(options)(certificate);
}

/**
 * The same for many certificates: roots, pool and lists are made ready once, and what was verified for one certificate
 * is not verified again for the next. The budget is each certificate's anew, once for the search and once for the checks,
 * until twenty have used all of theirs up: then there is little more for each of the others.
 */
export function createPathValidator(options: PathOptions): (certificate: Certificate) => PathResult {
  if (Number.isNaN(options.at.getTime())) throw new RangeError("the time to judge for is an invalid Date");
  const signatures = new Signatures(options.signatureBudget);
  const steps = stepAllowance();
  const issuers = new Issuers([...options.roots, ...(options.pool ?? [])], signatures);
  const rules: PathRules = {
    at: Math.floor(options.at.getTime() / 1000) * 1000,
    shape: options.shape ?? "smki",
    policies: options.policies,
    revocation: options.revocation ?? "required",
    lists: new RevocationLists(options.lists ?? [], signatures),
    signatures,
  };
  return (certificate) => {
    signatures.renew();
    const search = searchFor(certificate, options, issuers, steps);
    const ways = findWays(search.target, search.roots, issuers);
    // The checks have a budget of their own: else a search that just ended would leave nothing to judge its paths with.
    signatures.renew();
    try {
      return judged(search, ways, rules);
    } catch (error) {
      if (!isSmkiError(error, "PATH_BUDGET_EXCEEDED")) throw error;
      return exceeded(search, error);
    }
  };
}

function judged(search: Search, ways: WaysToRoot, rules: PathRules): PathResult {
  const [good] = pathsOf(search, ways, (place) => passes(place, rules));
  if (good !== undefined) return resultOf(good, rules, found(good));
  // What was not looked at might have held a good path: that comes before any fault of another.
  if (ways.cut !== undefined) throw ways.cut;
  const [any] = pathsOf(search, ways, () => true);
  if (any !== undefined) return resultOf(any, rules, found(any));
  const { places, reason, words } = deadEnd(search);
  return resultOf(places, rules, fails(reason, words));
}

function found(places: readonly Place[]): Judgement {
  const root = places.at(-1)?.subject.label ?? "";
  const chain = places.map(({ subject }) => subject.label).join(" < ");
  return holds(
    places.length === 1
      ? `It is itself a root that was given: ${root}`
      : `It leads to a root that was given: ${chain}`,
  );
}

const pathSource = "RFC 5280 6.1; RFC 4158 2 (by name, key identifier and signature)";

function resultOf(places: readonly Place[], rules: PathRules, judgement: Judgement): PathResult {
  const of = places[0]?.subject.label ?? "";
  const ofPath: PathCheck = { name: "path", of, source: pathSource, ...judgement };
  const checks = [ofPath, ...places.toReversed().flatMap((place) => checksOf(place, rules))];
  const failing = checks.find((check) => !check.holds);
  const path = places.map(({ subject }) => subject.certificate);
  return failing?.reason === undefined
    ? { holds: failing === undefined, path, checks }
    : { holds: false, reason: failing.reason, path, checks };
}

function exceeded({ target }: Search, error: SmkiError): PathResult {
  const words = `${error.message}. ${error.remedy}`;
  const check = {
    name: "path",
    of: target.label,
    source: pathSource,
    ...fails("budget-exceeded", words),
  } as const;
  return { holds: false, reason: "budget-exceeded", path: [target.certificate], checks: [check] };
}
