import { hash } from "node:crypto";
import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import { certificateIssuedAct } from "../../ledger/certificate-act.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { certificateRow, insertCertificates, type StoredCertificate } from "../certificate-store.ts";
import type { ComparedCertificate } from "./compare.ts";
import { closeIntent, type RecordedIntent } from "./intent-store.ts";

/** For whom and when a chunk is published. */
export interface Publication {
  readonly requestedBy: string;
  readonly partyId: number | undefined;
  readonly at: Date;
}

/**
 * Step 5, publish: the certificates become visible and their acts enter the ledger, in the caller's transaction.
 * A crash before its commit leaves the open intent and nothing visible; after it, the chunk is done.
 *
 * @returns false, having done nothing, when the intent is open no more: another worker published it, or the
 *   revocation of its CA withdrew it
 */
export async function publish(
  tx: Tx,
  intent: RecordedIntent,
  certificates: readonly ComparedCertificate[],
  publication: Publication,
): Promise<boolean> {
  if (!(await closeIntent(tx, intent.id, publication.at))) return false;
  const rows = certificates.map(({ certificate, fields }) =>
    certificateRow(certificate, fields, intent.authorityId, publication.partyId, publication.at),
  );
  await insertCertificates(tx, rows);
  await recordActs(
    tx,
    rows.map((row) => issuedAct(row, String(intent.chunkId), publication)),
  );
  return true;
}

/** The leaf of one certificate: verification goes from it to the certificate's row and back. */
export function issuedAct(
  certificate: Pick<StoredCertificate, "serialNumber" | "certificate" | "authorityId">,
  within: string,
  { requestedBy, at }: Pick<Publication, "requestedBy" | "at">,
): Act {
  return certificateIssuedAct(at, requestedBy, {
    serialNumber: certificate.serialNumber,
    certificate: hash("sha256", certificate.certificate, "hex"),
    authority: certificate.authorityId,
    chunk: within,
  });
}
