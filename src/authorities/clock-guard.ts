import { sql } from "kysely";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";

/**
 * Refuses to sign when the clock stands before something that was signed already. A certificate or CRL dated
 * before its predecessor would put the order of the record in doubt.
 *
 * @param toleranceSeconds - how far clocks of several machines may differ
 * @throws SmkiError CLOCK_WENT_BACK
 */
export async function requireClockNotBack(tx: Tx, now: Date, toleranceSeconds: number): Promise<void> {
  const latest = await lastSignedAt(tx);
  if (now.getTime() + toleranceSeconds * 1000 < latest.getTime())
    throw new SmkiError("CLOCK_WENT_BACK", {
      clock: now.toISOString(),
      lastSigned: latest.toISOString(),
    });
}

/** When the last intent was recorded, or the last list of any CA was signed, whichever is later. */
async function lastSignedAt(tx: Tx): Promise<Date> {
  const { rows } = await sql<{ latest: Date | null }>`${prepared}
    select greatest(
      (select recorded_at from issuing_intent order by id desc limit 1),
      (select max(this_update) from certificate_revocation_list)) as latest`.execute(tx);
  return rows[0]?.latest ?? new Date(0);
}
