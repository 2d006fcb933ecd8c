import {
  type Certificate,
  type CertificateFields,
  lintCertificate,
  lintTbsCertificate,
  parseCertificate,
  readFields,
  verifyCertificate,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type CertificateKind, issuingProfile } from "../authority.ts";
import { endEntityProfile, type IssuingTerms } from "./intend.ts";
import type { RecordedIntent } from "./intent-store.ts";
import type { Issuer } from "./issuer.ts";

/** A certificate that was compared with its intent and may be published. */
export interface ComparedCertificate {
  readonly position: number;
  readonly certificate: Certificate;
  readonly fields: CertificateFields;
}

/**
 * Looks at the octets as they were read back, before a key touches them: they are of the kind that was asked for,
 * their CA is one that issues it, and lint has no finding in them, that CA's name and key identifier included.
 * What they say of themselves counts for nothing.
 *
 * @throws SmkiError INTENT_ALTERED, CERTIFICATE_LINT_FINDING: the chunk is held and nothing of it is signed
 */
export function requireSignable(
  kind: CertificateKind,
  issuer: Issuer,
  intent: RecordedIntent,
  terms: IssuingTerms,
): void {
  if (issuer.authority.profile !== issuingProfile[kind])
    throw new SmkiError("INTENT_ALTERED", { chunk: intent.chunkId, authority: intent.authorityId });
  const expectations = {
    limits: terms.lintLimits,
    policy: terms.policies[kind],
    issuer: issuer.lintIssuer,
    profile: endEntityProfile[kind],
  };
  for (const [index, octets] of intent.toBeSigned.entries())
    refuse(lintTbsCertificate(octets, expectations), detailsOf(intent, index));
}

/**
 * Step 4, compare: what was signed is what was intended, octet for octet; our signature verifies under the
 * issuing certificate; and lint has no finding, every time. A crash here leaves the open intent.
 *
 * @throws SmkiError SIGNED_OTHER_THAN_INTENDED, OWN_SIGNATURE_INVALID, CERTIFICATE_LINT_FINDING: the chunk is
 *   held for the operator and nothing of it is published
 */
export function compare(
  kind: CertificateKind,
  issuer: Issuer,
  intent: RecordedIntent,
  signed: readonly Buffer[],
  terms: IssuingTerms,
): ComparedCertificate[] {
  if (signed.length !== intent.toBeSigned.length)
    throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", { chunk: intent.chunkId, signed: signed.length });
  // Without the issuer: its signature is verified here, with a code of its own, and the octets were held against
  // its name and key identifier before they were signed.
  const expectations = {
    limits: terms.lintLimits,
    policy: terms.policies[kind],
    profile: endEntityProfile[kind],
  };
  return signed.map((der, index) => {
    const certificate = parseCertificate(der);
    const details = detailsOf(intent, index);
    const intended = intent.toBeSigned[index];
    if (intended === undefined || !certificate.tbs.equals(intended))
      throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", details);
    if (!verifyCertificate(certificate, issuer.publicKey))
      throw new SmkiError("OWN_SIGNATURE_INVALID", { ...details, authority: issuer.authority.id });
    refuse(lintCertificate(certificate, expectations), details);
    return { position: details.position, certificate, fields: readFields(certificate) };
  });
}

function detailsOf(intent: RecordedIntent, index: number) {
  return { chunk: intent.chunkId, position: intent.positions[index] ?? -1 };
}

function refuse(
  [finding]: readonly { readonly rule: string; readonly message: string }[],
  details: ReturnType<typeof detailsOf>,
): void {
  if (finding !== undefined)
    throw new SmkiError("CERTIFICATE_LINT_FINDING", {
      ...details,
      rule: finding.rule,
      finding: finding.message,
    });
}
