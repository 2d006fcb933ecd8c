import { notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireOperator } from "../registration/principal.ts";
import { outcomesChannel, requestsChannel } from "./receive.ts";
import { closeChunk, reopenChunk, reopenHeldChunks, selectHeldChunks } from "./request-store.ts";

/**
 * Holds a chunk that cannot be issued as it stands: what was signed is not what was intended, or its work failed
 * in a way that trying again would not change. Nothing of it is published until a person has looked.
 */
export async function holdChunk(tx: Tx, chunkId: number, cause: unknown, at: Date): Promise<void> {
  const batchId = await closeChunk(tx, chunkId);
  if (batchId === undefined) return;
  const code = isSmkiError(cause) ? cause.code : "INTERNAL";
  await recordActs(tx, [{ kind: "chunk.held", at, by: "system", subject: { chunk: chunkId, code } }]);
  await notify(tx, outcomesChannel, String(batchId));
}

/** The chunks that wait for a person, with their batches. */
export function heldChunks(tx: Tx): Promise<{ id: number; batchId: number }[]> {
  return selectHeldChunks(tx);
}

/**
 * Lets a held chunk go on, once what held it has been put right. What stands recorded for it is signed as it
 * was recorded; nothing is issued twice.
 *
 * @throws SmkiError NOT_PERMITTED, CHUNK_NOT_HELD
 */
export async function resumeChunk(tx: Tx, by: Principal, chunkId: number, at: Date): Promise<void> {
  requireOperator(by);
  if (!(await reopenChunk(tx, chunkId))) throw new SmkiError("CHUNK_NOT_HELD", { chunk: chunkId });
  await recordActs(tx, [{ kind: "chunk.resumed", at, by: by.name, subject: { chunk: chunkId } }]);
  await notify(tx, requestsChannel, String(chunkId));
}

/**
 * Lets every held chunk go on: after one cause has held many, and has been put right.
 *
 * @returns their numbers
 * @throws SmkiError NOT_PERMITTED
 */
export async function resumeAll(tx: Tx, by: Principal, at: Date): Promise<number[]> {
  requireOperator(by);
  const chunks = await reopenHeldChunks(tx);
  await recordActs(
    tx,
    chunks.map((chunk) => ({ kind: "chunk.resumed", at, by: by.name, subject: { chunk } })),
  );
  for (const chunk of chunks) await notify(tx, requestsChannel, String(chunk));
  return chunks;
}
