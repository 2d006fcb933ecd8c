import type { Database } from "../../database/connect.ts";
import { batchHasEnded, findBatch } from "../../issuance/deliver.ts";
import type { Outcome } from "../../issuance/outcome.ts";
import { waitForBatch } from "../../issuance/receive.ts";
import type { Principal } from "../../registration/principal.ts";

/** A stopping service does not hold its clients up for longer than this, in milliseconds. */
const lookAtStopEvery = 1_000;

/**
 * Waits for what becomes of a single CSR.
 *
 * @param batchId - its batch of one
 * @param patience - milliseconds
 * @returns undefined when patience was over first, or the service stops: the CSR is safe, and decided later
 * @throws SmkiError BATCH_NOT_FOUND
 */
export async function awaitOutcome(
  { database, stopping }: { readonly database: Database; readonly stopping?: AbortSignal | undefined },
  by: Principal,
  batchId: number,
  patience: number,
): Promise<Outcome | undefined> {
  const hasEnded = () => database.read((tx) => batchHasEnded(tx, batchId));
  for (let left = patience; left > 0 && stopping?.aborted !== true; left -= lookAtStopEvery)
    if (await waitForBatch(database, hasEnded, batchId, Math.min(left, lookAtStopEvery))) break;
  const { outcomes } = await database.read((tx) => findBatch(tx, by, batchId));
  return outcomes[0] ?? undefined;
}
