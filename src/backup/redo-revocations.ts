import { permittedReasons, revokeCertificate } from "../authorities/revocation/revoke.ts";
import { normaliseSerialNumber } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { decodeAct } from "../ledger/act-encoding.ts";
import { endCredential } from "../registration/registration.ts";
import type { LostAct } from "./lost-acts.ts";

/**
 * Makes lost revocations again, as acts of now: the first list after a restore would otherwise take the certificates
 * for good again, under a number that everyone believes. A lost act tells all that is needed: serial number and ground.
 *
 * @returns the serial numbers of those that could not be made again: the certificate itself is lost, or is a CA's, which
 *   only a ceremony revokes
 */
export async function redoRevocations(
  tx: Tx,
  lost: readonly LostAct[],
  by: string,
  now: Date,
): Promise<string[]> {
  const notRedone: string[] = [];
  for (const act of lost) {
    if (act.kind !== "certificate.revoked" && act.kind !== "authority.revoked") continue;
    if (!(await redo(tx, act, by, now))) notRedone.push(act.serialNumber ?? `of leaf ${String(act.leaf)}`);
  }
  return notRedone;
}

async function redo(tx: Tx, { kind, entry }: LostAct, by: string, now: Date): Promise<boolean> {
  const { subject } = decodeAct(entry);
  const reason = permittedReasons.find((one) => one === subject["reason"]);
  const serial = subject["serialNumber"];
  if (kind !== "certificate.revoked" || reason === undefined || typeof serial !== "string") return false;
  const certificate = normaliseSerialNumber(serial);
  try {
    const revoked = await revokeCertificate(tx, { serialNumber: certificate, reason, requestedBy: by }, now);
    if (revoked.kind === "iki") await endCredential(tx, by, certificate, now);
    return true;
  } catch (error) {
    if (isSmkiError(error, "CERTIFICATE_REVOKED_ALREADY") || isSmkiError(error, "CERTIFICATE_EXPIRED"))
      return true;
    if (isSmkiError(error)) return false;
    throw error;
  }
}
