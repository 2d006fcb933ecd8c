import type { Certificate } from "../syntax/index.ts";
import { type Allowance, stepAllowance } from "./allowance.ts";
import { Issuers } from "./issuers.ts";
import type { BuildOptions } from "./path-options.ts";
import { Signatures } from "./signatures.ts";
import { findWays, pathsOf, type Search } from "./ways-to-root.ts";

/**
 * Builds the shortest path from a certificate to a root, each link by name, key identifier and a signature that
 * verifies. It judges nothing else: not validity, constraints or revocation, which {@link validatePath} does.
 *
 * @returns the certificate, then its issuer, and so on up to the root; undefined when there is no path
 * @throws SmkiError PATH_BUDGET_EXCEEDED when the pool would cost more signatures than `signatureBudget` to search
 *
 * @example
 * ```ts
 * const path = buildPath(device, { roots: [rootDca], pool: [issuingDca] });
 * // [device, issuingDca, rootDca]
 * ```
 */
export function buildPath(certificate: Certificate, options: BuildOptions): Certificate[] | undefined {
  const signatures = new Signatures(options.signatureBudget);
  const issuers = new Issuers([...options.roots, ...(options.pool ?? [])], signatures);
  const search = searchFor(certificate, options, issuers, stepAllowance());
  const ways = findWays(search.target, search.roots, search.issuers);
  const [path] = pathsOf(search, ways, () => true);
  // With part of the pool not looked at, "there is none" would be more than is known.
  if (path === undefined && ways.cut !== undefined) throw ways.cut;
  return path?.map(({ subject }) => subject.certificate);
}

/** What to look for from one certificate among those at hand. */
export function searchFor(
  certificate: Certificate,
  options: BuildOptions,
  issuers: Issuers,
  steps: Allowance,
): Search {
  return {
    target: issuers.standing(certificate),
    roots: new Set(options.roots.map((root) => issuers.standing(root))),
    issuers,
    maximumAuthorities: options.maximumAuthorities,
    steps,
  };
}
