import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import type { Act } from "./act.ts";
import { encodeAct } from "./act-encoding.ts";

/** The first leaf that an act recorded from now on can get. */
export async function nextLeaf(tx: Tx): Promise<number> {
  const { rows } = await sql<{ next: number }>`
    select coalesce(max(leaf) + 1, 0) as next from ledger_entry`.execute(tx);
  return rows[0]?.next ?? 0;
}

/**
 * Whether exactly this act was recorded: its entry is found by its bytes, of which there is one form only. It is
 * looked for among the open entries and among the leaves from `from` on, in one statement, since the sequencer
 * moves it from the ones to the others.
 *
 * @param from - what {@link nextLeaf} gave before the act was recorded: without it the whole ledger is read
 */
export async function isRecorded(tx: Tx, act: Act, from: number): Promise<boolean> {
  const entry = encodeAct(act);
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from ledger_inbox where entry = ${entry})
        or exists (select from ledger_entry where leaf >= ${from} and entry = ${entry}) as found`.execute(tx);
  return rows[0]?.found === true;
}
