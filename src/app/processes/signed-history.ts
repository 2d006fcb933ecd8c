import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../database/connect.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { CheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { requireSignedHistory } from "../../ledger/signed-history.ts";

const pauseAfterFailure = 500;

/**
 * After a failure the database may be another one than before: put back from a copy, or a replica that took over
 * and had not received everything. True for every failure that may have such a cause.
 */
export function putsHistoryInDoubt(error: unknown): boolean {
  return !isSmkiError(error) || error.code.startsWith("DATABASE_") || error.code === "CHUNK_TAKEN_OVER";
}

/**
 * Compares the database with what the ledger's signer has signed for, and waits while the database is away: what
 * signs asks this before it begins, and again after each failure.
 *
 * @param onFailure - told of what keeps the comparison from being made; it is then tried again
 * @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED and others of the ledger: nothing may be signed on this database
 */
export async function untilHistoryHolds(
  database: Database,
  ledger: CheckpointSigner,
  stop: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  while (!stop.aborted)
    try {
      await requireSignedHistory(database, ledger);
      return;
    } catch (error) {
      if (isSmkiError(error) && error.code.startsWith("LEDGER_")) throw error;
      onFailure(error);
      await sleep(pauseAfterFailure, undefined, { signal: stop }).catch(() => undefined);
    }
}
