import { identifiersFit } from "./issuers.ts";
import type { PathReason } from "./path-check.ts";
import type { Standing } from "./standing.ts";
import type { Place, Search } from "./ways-to-root.ts";

/** How far anything leads where nothing leads to a root. */
export interface DeadEnd {
  readonly places: readonly Place[];
  readonly reason: PathReason;
  readonly words: string;
}

/** Goes up from the certificate as long as anybody signed the last one, and says what is missing there. */
export function deadEnd(search: Search): DeadEnd {
  const places: Place[] = [];
  const passed = new Set<Standing>();
  let subject = search.target;
  let authoritiesBelow = 0;
  for (;;) {
    passed.add(subject);
    const isRoot = search.roots.has(subject);
    const issuer = isRoot ? undefined : search.issuers.of(subject).find((each) => !passed.has(each));
    const isTarget = places.length === 0;
    places.push({ subject, issuer, isTarget, isRoot, authoritiesBelow });
    if (issuer === undefined) return { places, ...missing(subject, search) };
    if (!isTarget && !subject.isSelfIssued) authoritiesBelow += 1;
    subject = issuer;
  }
}

function missing(last: Standing, { issuers, roots }: Search): { reason: PathReason; words: string } {
  const { label } = last;
  if (roots.has(last))
    return {
      reason: "path-too-long",
      words: `More authorities stand between it and ${label} than are allowed`,
    };
  if (issuers.signsItself(last))
    return { reason: "root-not-trusted", words: `It ends at ${label}, which is none of the trusted roots` };
  if (issuers.of(last).length > 0)
    return { reason: "no-path", words: `It goes in a circle at ${label} and leads to no trusted root` };
  const named = issuers.named(last);
  if (named.length === 0)
    return {
      reason: "issuer-not-found",
      words: `No certificate of the issuer of ${label} is at hand, so it leads to no trusted root`,
    };
  return named.some((each) => identifiersFit(last, each))
    ? {
        reason: "issuer-signature",
        words: `A certificate with the name and key identifier of the issuer of ${label} is at hand, but its key did not sign it`,
      }
    : {
        reason: "issuer-key-identifier",
        words: `A certificate with the name of the issuer of ${label} is at hand, but not with the key that it names`,
      };
}
