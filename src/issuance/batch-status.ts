import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import { after, before } from "../rulebook/index.ts";
import { countUnreleased } from "./batch-store.ts";
import type { BatchTerms } from "./batch-terms.ts";
import { isWindowed } from "./channel.ts";
import { judgePoll } from "./poll-manners.ts";
import { countPoll, lockPolled, markFetched, markSent } from "./poll-store.ts";
import { isOpen } from "./processing-window.ts";
import { type BatchProgress, selectBatch, selectWaitingBatches } from "./request-store.ts";

/**
 * Where a batch stands, in the words of SEC Appendix M, appendix D. A chunk that is held for a person is no matter of
 * the client's: the batch is `processing`.
 */
export type BatchStatus =
  | "pending"
  | "rejected"
  | "parsing"
  | "queued"
  | "processing"
  | "paused"
  | "completed"
  | "tampered";

/** A batch, and where it stands. */
export interface BatchStanding extends BatchProgress {
  readonly status: BatchStatus;
}

/** What the status is worked out with. */
type StatusTerms = Pick<BatchTerms, "window" | "pickup">;

/**
 * Where a batch of the asking Party stands. Another Party's has the same answer as one that does not exist, and so has
 * one whose results are past their time: Appendix M has no status for it, and `completed` would promise certificates.
 * They stay in the SMKI Repository.
 *
 * @throws SmkiError BATCH_NOT_FOUND
 */
export async function batchStatus(
  tx: Tx,
  by: Principal,
  batchId: number,
  terms: StatusTerms,
  at: Date,
): Promise<BatchStanding> {
  const batch = await selectBatch(tx, batchId);
  if (batch === undefined || (by.kind === "credential" && by.partyId !== batch.partyId))
    throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
  const status = statusOf(batch, terms, at);
  if (status === "completed" && at >= after(batch.lastFinishedAt ?? at, terms.pickup))
    throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
  return { ...batch, status };
}

/**
 * As {@link batchStatus} for a batch of the Batched Device CSR Web Service, and counts that it was asked for: what
 * Appendix N asks of a Party is measured, never refused. What its Party sent on another channel is no batch here: its
 * CSRs have no IDs that a result could carry, and it may be a request for a credential.
 */
export async function pollBatch(
  tx: Tx,
  by: Principal,
  batchId: number,
  terms: StatusTerms & Pick<BatchTerms, "polling">,
  at: Date,
): Promise<BatchStanding> {
  const standing = await batchStatus(tx, by, batchId, terms, at);
  if (standing.channel !== "batched") throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
  const polled = await lockPolled(tx, batchId);
  if (polled !== undefined) await countPoll(tx, batchId, judgePoll(polled, terms.polling, at), at);
  return standing;
}

/** Batches that wait for a person, for their check or for their turn, with their status; for the operator. */
export async function waitingBatches(tx: Tx, terms: StatusTerms, at: Date): Promise<BatchStanding[]> {
  const batches = await selectWaitingBatches(tx);
  return batches.map((batch) => ({ ...batch, status: statusOf(batch, terms, at) }));
}

function statusOf(batch: BatchProgress, { window }: Pick<BatchTerms, "window">, at: Date): BatchStatus {
  if (batch.stage !== "released") return batch.stage === "approved" ? "parsing" : batch.stage;
  if (batch.openChunks === 0) return batch.heldChunks === 0 ? "completed" : "processing";
  if (isWindowed(batch.channel) && !isOpen(window, at)) return "paused";
  return batch.begunChunks === 0 ? "queued" : "processing";
}

/** Step deliver: the results of a batch went out whole. The first time is kept. */
export function recordDelivery(tx: Tx, batchId: number, at: Date): Promise<void> {
  return markFetched(tx, batchId, at);
}

/**
 * Step deliver of answers in the same connection: when each was sent, for the response times. Where it was never
 * recorded, the moment counts at which the answer could be fetched.
 */
export function recordSent(
  tx: Tx,
  sent: readonly { readonly batchId: number; readonly at: Date }[],
): Promise<void> {
  return markSent(tx, sent);
}

/** How many batches are coming in, and wait for approval or for their check; and how many were found altered of late. */
export function unreleasedBatches(
  tx: Tx,
  terms: Pick<BatchTerms, "pickup">,
  at: Date,
): Promise<{ uploading: number; pending: number; approved: number; tampered: number }> {
  return countUnreleased(tx, before(at, terms.pickup));
}
