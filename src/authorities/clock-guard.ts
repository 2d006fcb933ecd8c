import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { lastRecordedAt } from "./issuing/intent-store.ts";
import { lastListAt } from "./revocation/list-store.ts";

/**
 * Refuses to sign when the clock stands before something that was signed already. A certificate or CRL dated
 * before its predecessor would put the order of the record in doubt.
 *
 * @param toleranceSeconds - how far clocks of several machines may differ
 * @throws SmkiError CLOCK_WENT_BACK
 */
export async function requireClockNotBack(tx: Tx, now: Date, toleranceSeconds: number): Promise<void> {
  const marks = [await lastRecordedAt(tx), await lastListAt(tx)];
  const latest = Math.max(...marks.map((mark) => mark?.getTime() ?? 0));
  if (now.getTime() + toleranceSeconds * 1000 < latest)
    throw new SmkiError("CLOCK_WENT_BACK", {
      clock: now.toISOString(),
      lastSigned: new Date(latest).toISOString(),
    });
}
