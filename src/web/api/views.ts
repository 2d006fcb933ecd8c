import type { Static } from "typebox";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Batch } from "../../issuance/deliver.ts";
import type { Outcome } from "../../issuance/outcome.ts";
import type { RepositoryCertificate } from "../../repository/repository.ts";
import type { BatchView, CertificateView, OutcomeView } from "./schemas.ts";

/** A certificate as the API tells it. */
export function certificateView(certificate: RepositoryCertificate): Static<typeof CertificateView> {
  return {
    serialNumber: certificate.serialNumber,
    kind: certificate.kind,
    authority: certificate.authorityId,
    usage: certificate.usage,
    status: certificate.status,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter?.toISOString() ?? "indefinite",
    certificate: certificate.certificate.toString("base64"),
    ...(certificate.subjectIdentifier === undefined
      ? {}
      : { subjectIdentifier: certificate.subjectIdentifier }),
    ...(certificate.role === undefined ? {} : { role: certificate.role }),
    ...(certificate.revokedAt === undefined ? {} : { revokedAt: certificate.revokedAt.toISOString() }),
    ...(certificate.revocationReason === undefined ? {} : { revocationReason: certificate.revocationReason }),
  };
}

/** What became of one CSR, a refusal with its words. */
function outcomeView(outcome: Outcome | null): Static<typeof OutcomeView> {
  if (outcome === null) return { status: "processing" };
  if (outcome.status === "issued") return outcome;
  const { code, message, remedy, details } = new SmkiError(outcome.code, outcome.details);
  return { status: "refused", code, message, remedy, details: { ...details } };
}

/** A batch with the outcome of each of its CSRs. */
export function batchView(batch: Batch): Static<typeof BatchView> {
  return {
    batch: batch.id,
    reference: batch.reference,
    status: batch.status,
    requests: batch.requestCount,
    outcomes: batch.outcomes.map(outcomeView),
  };
}
