import { sql } from "kysely";
import { byteaArray } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import type { Act } from "./act.ts";
import { encodeAct } from "./act-encoding.ts";

/**
 * Records acts, in this order. They are durable with the caller's transaction, in which the change that they
 * tell of stands too; the sequencer gives them their leaves soon after. One statement a call: give a chunk's
 * acts together.
 *
 * It updates no row that others share, so that any number of transactions record at once.
 *
 * @throws SmkiError LEDGER_ACT_INVALID, LEDGER_ACT_TOO_LARGE; nothing is then recorded
 */
export async function recordActs(tx: Tx, acts: readonly Act[]): Promise<void> {
  if (acts.length === 0) return;
  const entries = byteaArray(acts.map(encodeAct));
  await sql`${prepared} insert into ledger_inbox (entry) select unnest(${entries}::bytea[])`.execute(tx);
}
