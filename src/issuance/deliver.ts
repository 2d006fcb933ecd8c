import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import type { Outcome } from "./outcome.ts";
import { type BatchProgress, countWaiting, selectBatch, selectOutcomes } from "./request-store.ts";

/** Where a batch stands, in the words of the JSON API. That of Appendix M is told by `batchStatus`. */
type ApiStatus = "pending" | "rejected" | "tampered" | "processing" | "completed" | "held";

/** A batch with what became of its CSRs. */
export interface Batch extends BatchProgress {
  readonly status: ApiStatus;
  /** By position; null where one is not decided yet. */
  readonly outcomes: readonly (Outcome | null)[];
}

/**
 * A batch of the asking Party. Another Party's batch gets the same answer as one that does not exist
 * (SEC Appendix M, appendix E).
 *
 * @throws SmkiError BATCH_NOT_FOUND
 */
export async function findBatch(tx: Tx, by: Principal, batchId: number): Promise<Batch> {
  const batch = await selectBatch(tx, batchId);
  if (batch === undefined || (by.kind === "credential" && by.partyId !== batch.partyId))
    throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
  return { ...batch, status: statusOf(batch), outcomes: await selectOutcomes(tx, batchId) };
}

/** Whether every chunk of a batch is finished or held, or never begun since the batch was refused; the answer to a waiting client's question. */
export async function batchHasEnded(tx: Tx, batchId: number): Promise<boolean> {
  const batch = await selectBatch(tx, batchId);
  return (
    batch === undefined || batch.stage === "rejected" || batch.stage === "tampered" || batch.openChunks === 0
  );
}

function statusOf({ stage, openChunks, heldChunks }: BatchProgress): ApiStatus {
  if (stage !== "released") return stage === "approved" ? "processing" : stage;
  if (openChunks > 0) return "processing";
  return heldChunks > 0 ? "held" : "completed";
}

/** How many chunks are open, and how many a person must look at. */
export function issuanceQueue(tx: Tx): Promise<{ open: number; held: number }> {
  return countWaiting(tx);
}
