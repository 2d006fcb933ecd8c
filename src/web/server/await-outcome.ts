import type { Database } from "../../database/connect.ts";
import { OutcomeWatch, type SingleOutcome } from "../../issuance/outcome-watch.ts";
import type { Principal } from "../../registration/principal.ts";

/** One for a process's database, whatever interface the CSRs came in by. */
const watches = new WeakMap<Database, OutcomeWatch>();

/**
 * Waits for what becomes of a single CSR.
 *
 * @param batchId - its batch of one
 * @param patience - milliseconds
 * @returns undefined when patience was over first, or the service stops: the CSR is safe, and decided later
 * @throws SmkiError BATCH_NOT_FOUND
 */
export function awaitOutcome(
  { database, stopping }: { readonly database: Database; readonly stopping?: AbortSignal | undefined },
  by: Principal,
  batchId: number,
  patience: number,
): Promise<SingleOutcome | undefined> {
  const watch = watches.get(database) ?? new OutcomeWatch(database);
  watches.set(database, watch);
  return watch.outcomeOf(by, batchId, { milliseconds: patience, stopping });
}
