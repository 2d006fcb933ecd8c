import { certificateOctets } from "../authorities/certificates.ts";
import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import { batchStatus } from "./batch-status.ts";
import { selectChunkIds } from "./batch-store.ts";
import type { BatchTerms } from "./batch-terms.ts";
import type { Outcome } from "./outcome.ts";
import { selectAnswers } from "./request-store.ts";

/** What became of one CSR of a batch. */
export interface BatchResult {
  /** The client's own ID of the CSR; its position in the batch, from 1, on a channel without. */
  readonly clientId: string;
  readonly outcome: Outcome;
  /** DER; of one that was issued. */
  readonly certificate?: Buffer;
}

/**
 * The results of a completed batch, in the order of its CSRs. They are read chunk by chunk as they are asked for, so
 * that memory does not grow with the batch, and no connection is held by a slow client.
 *
 * When the last has gone out, tell `recordDelivery`.
 *
 * @throws SmkiError BATCH_NOT_FOUND, BATCH_NOT_COMPLETED; with the first result that is asked for
 */
export async function* batchResults(
  database: Database,
  by: Principal,
  batchId: number,
  terms: Pick<BatchTerms, "window" | "pickup">,
  at: Date,
): AsyncGenerator<BatchResult> {
  const chunks = await database.read(async (tx) => {
    const { status } = await batchStatus(tx, by, batchId, terms, at);
    if (status !== "completed") throw new SmkiError("BATCH_NOT_COMPLETED", { batch: batchId, status });
    return selectChunkIds(tx, batchId);
  });
  for (const chunkId of chunks) yield* await database.read((tx) => resultsOf(tx, chunkId));
}

async function resultsOf(tx: Tx, chunkId: number): Promise<BatchResult[]> {
  const { firstPosition, clientIds, outcomes } = await selectAnswers(tx, chunkId);
  const issued = outcomes.flatMap((outcome) => (outcome.status === "issued" ? [outcome.serialNumber] : []));
  const certificates = await certificateOctets(tx, issued);
  return outcomes.map((outcome, place) => {
    const clientId = clientIds?.[place] ?? String(firstPosition + place + 1);
    if (outcome.status !== "issued") return { clientId, outcome };
    const certificate = certificates.get(outcome.serialNumber);
    if (certificate === undefined)
      throw new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber: outcome.serialNumber });
    return { clientId, outcome, certificate };
  });
}
