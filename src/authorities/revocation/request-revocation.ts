import type { SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type Principal, requireHat } from "../../registration/principal.ts";
import { endCredential } from "../../registration/registration.ts";
import { type KnownCertificate, selectCertificates } from "../certificate-store.ts";
import { type PermittedReason, revokeCertificate } from "./revoke.ts";

/**
 * Revokes on request: a Party its own Organisation Certificates, in that hat; the Registration Authority any
 * Organisation or IKI Certificate. The credential of a revoked IKI Certificate ends in the same transaction.
 *
 * @throws SmkiError CERTIFICATE_NOT_FOUND (another Party's is none of the asker's business), NOT_PERMITTED, and
 *   the refusals of `revokeCertificate`
 */
export async function requestRevocation(
  tx: Tx,
  by: Principal,
  serialNumber: SerialNumber,
  reason: PermittedReason,
  at: Date,
): Promise<KnownCertificate> {
  const [certificate] = await selectCertificates(tx, { serialNumber, limit: 1 });
  if (by.kind === "credential" && certificate?.kind !== "device") {
    requireHat(by, "organisation");
    if (certificate?.partyId !== by.partyId) throw new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber });
  }
  const revoked = await revokeCertificate(tx, { serialNumber, reason, requestedBy: by.name }, at);
  if (revoked.kind === "iki") await endCredential(tx, by.name, serialNumber, at);
  return revoked;
}
