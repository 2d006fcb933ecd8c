import { type Oid, oid } from "../../der/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { fails, holds, type Judgement } from "../path-check.ts";
import type { Place } from "../ways-to-root.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** The extensions that are looked into, and whether they must not be critical. */
const known = new Map<Oid, { readonly name: string; readonly critical?: false }>([
  [Oids.keyUsage, { name: "keyUsage" }],
  [Oids.basicConstraints, { name: "basicConstraints" }],
  [Oids.certificatePolicies, { name: "certificatePolicies" }],
  [Oids.subjectAltName, { name: "subjectAltName" }],
  [Oids.subjectKeyIdentifier, { name: "subjectKeyIdentifier", critical: false }],
  [Oids.authorityKeyIdentifier, { name: "authorityKeyIdentifier", critical: false }],
]);

/** What narrows a path must be critical (RFC 5280 4.2.1.10, 4.2.1.11 and 4.2.1.14), and then is refused as not understood. */
const narrowing = new Map<Oid, string>([
  [oid("2.5.29.30"), "nameConstraints"],
  [oid("2.5.29.36"), "policyConstraints"],
  [oid("2.5.29.54"), "inhibitAnyPolicy"],
]);

/**
 * What is critical must be understood, and what is understood must be readable and as critical as it is to be. Name
 * constraints, policy mappings and extended key usages have no place in the SMKI: one that is critical is refused.
 */
export const extensions: CertificateCheck = {
  name: "extensions",
  source: "RFC 5280 4.2, 4.2.1, 6.1.4 (o) and 6.1.5 (f); GBCS 12",
  judge: (place) => {
    const { certificate, malformed } = place.subject;
    for (const { id, critical } of certificate.extensions) {
      const rule = known.get(id);
      if (rule === undefined && critical)
        return fails(
          "extension-unknown-critical",
          `Its extension ${id} is critical, and is none of the SMKI's`,
        );
      if (narrowing.has(id))
        return fails(
          "extension-criticality",
          `Its ${String(narrowing.get(id))} is not critical, which it must be`,
        );
      if (rule === undefined) continue;
      if (malformed.includes(id)) return fails("extension-malformed", `Its ${rule.name} cannot be read`);
      if (rule.critical === false && critical)
        return fails("extension-criticality", `Its ${rule.name} is critical, which it must not be`);
    }
    return (
      wrongQualifiers(place) ??
      wrongConstraints(place) ??
      wrongAlternativeName(place) ??
      holds("Every critical extension is one that is understood here")
    );
  },
};

/** Whoever takes critical policies must understand their qualifiers too (RFC 5280 4.2.1.4); the SMKI has none. */
function wrongQualifiers({ subject: { certificate, policies } }: Place): Judgement | undefined {
  const extension = certificate.extensions.find(({ id }) => id === Oids.certificatePolicies);
  return extension?.critical === true && policies?.some(({ hasQualifiers }) => hasQualifiers) === true
    ? fails(
        "extension-unknown-critical",
        "Its critical certificatePolicies have qualifiers, and none is the SMKI's",
      )
    : undefined;
}

/** Of an authority they are critical, so that nobody overlooks them (RFC 5280 4.2.1.9). */
function wrongConstraints(place: Place): Judgement | undefined {
  const extension = place.subject.certificate.extensions.find(({ id }) => id === Oids.basicConstraints);
  return isAuthorityPlace(place) && extension?.critical === false
    ? fails("extension-criticality", "Its basicConstraints are not critical, which an authority's must be")
    : undefined;
}

/** Critical exactly when it stands in for an empty subject, as in Device Certificates (RFC 5280 4.2.1.6; GBCS 12). */
function wrongAlternativeName({ subject: { certificate } }: Place): Judgement | undefined {
  const extension = certificate.extensions.find(({ id }) => id === Oids.subjectAltName);
  const isNameless = certificate.subject.relativeDistinguishedNames.length === 0;
  if (extension === undefined || extension.critical === isNameless) return undefined;
  return fails(
    "extension-criticality",
    isNameless
      ? "Its subjectAltName is not critical, although there is no other name"
      : "Its subjectAltName is critical, although it has a subject",
  );
}
