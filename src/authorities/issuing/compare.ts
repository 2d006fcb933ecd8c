import {
  type Certificate,
  type CertificateFields,
  lintCertificate,
  type Oid,
  parseCertificate,
  readFields,
  verifyCertificate,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { IssuingTerms } from "./intend.ts";
import type { RecordedIntent } from "./intent-store.ts";
import type { Issuer } from "./issuer.ts";

/** A certificate that was compared with its intent and may be published. */
export interface ComparedCertificate {
  readonly position: number;
  readonly certificate: Certificate;
  readonly fields: CertificateFields;
}

/**
 * Step 4, compare: what was signed is what was intended, octet for octet; our signature verifies under the
 * issuing certificate; and lint has no finding, every time. A crash here leaves the open intent.
 *
 * @throws SmkiError SIGNED_OTHER_THAN_INTENDED, OWN_SIGNATURE_INVALID, CERTIFICATE_LINT_FINDING: the chunk is
 *   held for the operator and nothing of it is published
 */
export function compare(
  issuer: Issuer,
  intent: RecordedIntent,
  signed: readonly Buffer[],
  terms: IssuingTerms,
): ComparedCertificate[] {
  if (signed.length !== intent.toBeSigned.length)
    throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", { chunk: intent.chunkId, signed: signed.length });
  return signed.map((der, index) => {
    const certificate = parseCertificate(der);
    const details = { chunk: intent.chunkId, position: intent.positions[index] ?? -1 };
    const intended = intent.toBeSigned[index];
    if (intended === undefined || !certificate.tbs.equals(intended))
      throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", details);
    if (!verifyCertificate(certificate, issuer.publicKey))
      throw new SmkiError("OWN_SIGNATURE_INVALID", { ...details, authority: issuer.authority.id });
    const fields = readFields(certificate);
    const [finding] = lintCertificate(certificate, {
      limits: terms.lintLimits,
      policy: policyOf(terms, fields),
    });
    if (finding !== undefined)
      throw new SmkiError("CERTIFICATE_LINT_FINDING", {
        ...details,
        rule: finding.rule,
        finding: finding.message,
      });
    return { position: details.position, certificate, fields };
  });
}

function policyOf({ policies }: IssuingTerms, { profile }: CertificateFields): Oid {
  if (profile === "device") return policies.device;
  return profile === "organisation" ? policies.organisation : policies.iki;
}
