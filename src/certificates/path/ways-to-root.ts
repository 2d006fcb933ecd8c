import { isSmkiError, type SmkiError } from "../../errors/smki-error.ts";
import type { Allowance } from "./allowance.ts";
import type { Issuers } from "./issuers.ts";
import type { Standing } from "./standing.ts";

/** Every certificate of the SMKI is under two authorities; a path with more is none of ours, and a general one has few. */
const defaultAuthorities = 8;

/** Which certificates lead to a root, and how many steps away it is. */
export interface WaysToRoot {
  readonly distances: ReadonlyMap<Standing, number>;
  /** Set when the budget ended before everything was looked at, so that a root may have been missed. */
  readonly cut: SmkiError | undefined;
}

/**
 * Looks from the certificate upwards at whoever may have issued it, each once, and then which of them end at a root. So
 * a cycle, or a crowd of authorities that signed one another, costs no more than its number of signatures.
 */
export function findWays(target: Standing, roots: ReadonlySet<Standing>, issuers: Issuers): WaysToRoot {
  const issued = new Map<Standing, Standing[]>();
  const waiting = [target];
  const seen = new Set(waiting);
  let cut: SmkiError | undefined;
  try {
    for (let subject = waiting.shift(); subject !== undefined; subject = waiting.shift()) {
      if (roots.has(subject)) continue;
      for (const issuer of issuers.of(subject)) {
        const below = issued.get(issuer);
        if (below === undefined) issued.set(issuer, [subject]);
        else below.push(subject);
        if (!seen.has(issuer)) waiting.push(issuer);
        seen.add(issuer);
      }
    }
  } catch (error) {
    // What was found so far may hold a path, which would be as good as any.
    if (!isSmkiError(error, "PATH_BUDGET_EXCEEDED")) throw error;
    cut = error;
  }
  return { distances: distancesFrom(roots, seen, issued), cut };
}

function distancesFrom(
  roots: ReadonlySet<Standing>,
  seen: ReadonlySet<Standing>,
  issued: ReadonlyMap<Standing, readonly Standing[]>,
): Map<Standing, number> {
  const waiting = [...roots].filter((root) => seen.has(root));
  const distances = new Map(waiting.map((root) => [root, 0]));
  for (let issuer = waiting.shift(); issuer !== undefined; issuer = waiting.shift()) {
    const distance = (distances.get(issuer) ?? 0) + 1;
    for (const subject of issued.get(issuer) ?? []) {
      if (distances.has(subject)) continue;
      distances.set(subject, distance);
      waiting.push(subject);
    }
  }
  return distances;
}

/** One certificate in its place, for which it is to be said whether a path may go on from it. */
export interface Place {
  readonly subject: Standing;
  /** Undefined for the root, and for the last certificate of a path that leads to none. */
  readonly issuer: Standing | undefined;
  /** True for a root that the caller trusts. */
  readonly isRoot: boolean;
  /** True for the certificate that the path is for. */
  readonly isTarget: boolean;
  /** Authorities between it and the target, self-issued ones not counted (RFC 5280 4.2.1.9). */
  readonly authoritiesBelow: number;
}

/** What to look for, and where. */
export interface Search {
  readonly target: Standing;
  readonly roots: ReadonlySet<Standing>;
  readonly issuers: Issuers;
  readonly maximumAuthorities: number | undefined;
  /** Certificates that may be tried as the next of a path. */
  readonly steps: Allowance;
}

/**
 * Every path from the certificate to a root, the shortest first, as the places that it consists of, the root last.
 * Paths through a place of which `mayStand` says no are not gone on with.
 *
 * @throws SmkiError PATH_BUDGET_EXCEEDED
 */
export function* pathsOf(
  search: Search,
  ways: WaysToRoot,
  mayStand: (place: Place) => boolean,
): Generator<readonly Place[]> {
  const { target, roots, issuers, maximumAuthorities = defaultAuthorities, steps } = search;
  steps.renew();

  function* from(
    subject: Standing,
    below: readonly Place[],
    authoritiesBelow: number,
  ): Generator<readonly Place[]> {
    steps.spend(1);
    const here = { subject, isTarget: below.length === 0, authoritiesBelow };
    if (roots.has(subject)) {
      const place = { ...here, issuer: undefined, isRoot: true };
      if (mayStand(place)) yield [...below, place];
      return;
    }
    // A target that is an authority is not between itself and the root; nor is the root.
    const above = authoritiesBelow + (here.isTarget || subject.isSelfIssued ? 0 : 1);
    if (above > maximumAuthorities) return;
    for (const issuer of nearestFirst(issuers.of(subject), ways)) {
      const path = [...below, { ...here, issuer, isRoot: false }];
      const isCircle = path.some((each) => isSameAuthority(each.subject, issuer));
      if (!isCircle && path.slice(-1).every(mayStand)) yield* from(issuer, path, above);
    }
  }

  if (ways.distances.has(target)) yield* from(target, [], 0);
}

/** The order among those equally near is that of {@link Issuers}, which does not depend on the pool's. */
function nearestFirst(found: readonly Standing[], { distances }: WaysToRoot): Standing[] {
  const distance = (standing: Standing) => distances.get(standing) ?? Number.POSITIVE_INFINITY;
  return found.filter((issuer) => distances.has(issuer)).sort((a, b) => distance(a) - distance(b));
}

/** The same name with the same key: a path through both would go in a circle (RFC 4158 2.4.1). */
function isSameAuthority(a: Standing, b: Standing): boolean {
  return a.name === b.name && a.key === b.key;
}
