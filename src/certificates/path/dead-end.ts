import { describeSubject } from "./describe-certificate.ts";
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
    return {
      reason: "root-not-trusted",
      words: `It ends at ${label}, which is none of the roots that were given`,
    };
  if (issuers.of(last).length > 0)
    return { reason: "no-path", words: `It goes in a circle at ${label} and leads to no root` };
  const named = issuers.named(last);
  if (named.length === 0)
    return {
      reason: "issuer-not-found",
      words: `It ends at ${label}: no certificate of its issuer is at hand (${issuerOf(last)})`,
    };
  return named.some((each) => identifiersFit(last, each))
    ? {
        reason: "issuer-signature",
        words: `It ends at ${label}: a certificate with the name and key identifier of its issuer is at hand (${issuerOf(last)}), but its key did not sign it`,
      }
    : {
        reason: "issuer-key-identifier",
        words: `It ends at ${label}: a certificate with the name of its issuer is at hand, but not with the key that it names (${issuerOf(last)})`,
      };
}

/** Name and key identifier by which a certificate names its issuer. */
function issuerOf({ certificate, authority }: Standing): string {
  const name = describeSubject(certificate.issuer) ?? "without a name";
  const key = authority?.keyIdentifier?.toString("hex");
  return key === undefined ? name : `${name}, key ${key}`;
}
