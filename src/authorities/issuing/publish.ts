import { hash } from "node:crypto";
import { together } from "../../database/together.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import { certificateIssuedAct } from "../../ledger/certificate-act.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { certificateRow, insertCertificates, type StoredCertificate } from "../certificate-store.ts";
import type { ComparedCertificate } from "./compare.ts";
import { closeIntents, type RecordedIntent } from "./intent-store.ts";

/** The certificates of one intent, with for whom they are. */
export interface Publication {
  readonly intent: RecordedIntent;
  readonly certificates: readonly ComparedCertificate[];
  readonly requestedBy: string;
  readonly partyId: number | undefined;
}

/**
 * Step 5, publish: the certificates become visible and their acts enter the ledger, in the caller's transaction.
 * A crash before its commit leaves the open intent and nothing visible; after it, the chunk is done.
 *
 * @returns those that are published; what is written for them is on its way. Nothing is done for one whose intent is
 *   open no more: another worker published it, or the revocation of its CA withdrew it
 */
export async function publish(
  tx: Tx,
  publications: readonly Publication[],
  at: Date,
): Promise<{ readonly published: readonly Publication[]; readonly written: Promise<void> }> {
  const closed = await closeIntents(
    tx,
    publications.map(({ intent }) => intent.id),
    at,
  );
  const published = publications.filter(({ intent }) => closed.has(intent.id));
  const rows: StoredCertificate[] = [];
  const acts: Act[] = [];
  for (const { intent, certificates, requestedBy, partyId } of published)
    for (const { certificate, fields } of certificates) {
      const row = certificateRow(certificate, fields, intent.authorityId, partyId, at);
      rows.push(row);
      acts.push(issuedAct(row, String(intent.chunkId), { requestedBy, at }));
    }
  const written = together(insertCertificates(tx, rows), recordActs(tx, acts));
  return { published, written: written.then(() => undefined) };
}

/** The leaf of one certificate: verification goes from it to the certificate's row and back. */
export function issuedAct(
  certificate: Pick<StoredCertificate, "serialNumber" | "certificate" | "authorityId">,
  within: string,
  { requestedBy, at }: Pick<Publication, "requestedBy"> & { readonly at: Date },
): Act {
  return certificateIssuedAct(at, requestedBy, {
    serialNumber: certificate.serialNumber,
    certificate: hash("sha256", certificate.certificate, "hex"),
    authority: certificate.authorityId,
    chunk: within,
  });
}
