import { sql } from "kysely";
import { byteaArray } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import type { Act } from "./act.ts";
import { encodeAct } from "./act-encoding.ts";

/** The first leaf that an act recorded from now on can get. */
export async function nextLeaf(tx: Tx): Promise<number> {
  const { rows } = await sql<{ next: number }>`${prepared}
    select coalesce(max(leaf) + 1, 0) as next from ledger_entry`.execute(tx);
  return rows[0]?.next ?? 0;
}

/**
 * Which of these acts were recorded, exactly as they are: an entry is found by its bytes, of which there is one form only.
 * They are looked for among the open entries and among the leaves from `from` on, in one statement, since the sequencer
 * moves them from the ones to the others.
 *
 * @param from - the least that {@link nextLeaf} gave before any of them was recorded: without it the whole ledger is read
 * @returns for each act, in their order, whether it was
 */
export async function areRecorded(tx: Tx, acts: readonly Act[], from: number): Promise<boolean[]> {
  const entries = acts.map(encodeAct);
  const asked = byteaArray(entries);
  const { rows } = await sql<{ entry: Buffer }>`
    select entry from ledger_inbox where entry = any(${asked}::bytea[])
    union all
    select entry from ledger_entry where leaf >= ${from} and entry = any(${asked}::bytea[])`.execute(tx);
  const found = new Set(rows.map(({ entry }) => entry.toString("latin1")));
  return entries.map((entry) => found.has(entry.toString("latin1")));
}
