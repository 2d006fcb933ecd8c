import type { RevocationReason, SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { type KnownCertificate, selectCertificates } from "../certificate-store.ts";
import { insertNotInUse, insertRevocation } from "./revocation-store.ts";

/** Grounds on which an Organisation or IKI Certificate is revoked, in the words of RFC 5280 5.3.1. */
export const permittedReasons = [
  "unspecified",
  "keyCompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "privilegeWithdrawn",
] as const satisfies readonly RevocationReason[];

export type PermittedReason = (typeof permittedReasons)[number];

/** A request to revoke, from someone whose right to ask was checked by the caller. */
export interface RevocationRequest {
  readonly serialNumber: SerialNumber;
  readonly reason: PermittedReason;
  readonly requestedBy: string;
}

/**
 * Revokes an Organisation or IKI Certificate at once; its CRL follows within seconds. What it costs does not
 * depend on how many certificates were revoked before: it inserts rows, and reads and updates none that others share.
 *
 * @throws SmkiError CERTIFICATE_NOT_FOUND, CERTIFICATE_NOT_REVOCABLE (a Device Certificate, or a CA's, which
 *   only a ceremony revokes), CERTIFICATE_REVOKED_ALREADY, CERTIFICATE_EXPIRED
 */
export async function revokeCertificate(
  tx: Tx,
  request: RevocationRequest,
  at: Date,
): Promise<KnownCertificate> {
  const certificate = await requireCertificate(tx, request.serialNumber);
  const details = { serialNumber: certificate.serialNumber };
  // Device CP: devices hold no CRL and cannot be told. Replacing the certificate on the device is the way.
  if (certificate.kind === "device") throw new SmkiError("DEVICE_CERTIFICATE_NOT_REVOCABLE", details);
  if (certificate.kind === "authority") throw new SmkiError("AUTHORITY_REVOKED_IN_CEREMONY", details);
  if (certificate.notAfter !== undefined && certificate.notAfter < at)
    throw new SmkiError("CERTIFICATE_EXPIRED", details);
  const revocation = { ...request, authorityId: certificate.authorityId, revokedAt: at };
  if (!(await insertRevocation(tx, revocation))) throw new SmkiError("CERTIFICATE_REVOKED_ALREADY", details);
  await recordActs(tx, [
    {
      kind: "certificate.revoked",
      at,
      by: request.requestedBy,
      subject: {
        serialNumber: request.serialNumber,
        authority: certificate.authorityId,
        reason: request.reason,
      },
    },
  ]);
  return certificate;
}

/**
 * Marks a Device Certificate as not in use: its Subscriber rejected it (SEC L11.6) or reports that no device
 * holds it any more. The certificate stays valid; relying parties see the status N.
 *
 * @throws SmkiError CERTIFICATE_NOT_FOUND, NOT_A_DEVICE_CERTIFICATE
 */
export async function markNotInUse(
  tx: Tx,
  mark: { serialNumber: SerialNumber; reason: string; reportedBy: string },
  at: Date,
): Promise<void> {
  const certificate = await requireCertificate(tx, mark.serialNumber);
  if (certificate.kind !== "device")
    throw new SmkiError("NOT_A_DEVICE_CERTIFICATE", { serialNumber: mark.serialNumber });
  if (await insertNotInUse(tx, { ...mark, since: at }))
    await recordActs(tx, [
      {
        kind: "certificate.not-in-use",
        at,
        by: mark.reportedBy,
        subject: { serialNumber: mark.serialNumber },
      },
    ]);
}

async function requireCertificate(tx: Tx, serialNumber: SerialNumber): Promise<KnownCertificate> {
  const [certificate] = await selectCertificates(tx, { serialNumber, limit: 1 });
  if (certificate === undefined) throw new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber });
  return certificate;
}
