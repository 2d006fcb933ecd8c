import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";

/** A checkpoint with what its witnesses said of it. */
export interface CosignedCheckpoint {
  /** Leaves in the tree. */
  readonly size: number;
  /** The signed note with one line more for each cosignature. */
  readonly note: string;
}

/** The greatest size that at least `quorum` witnesses have cosigned; undefined when there is none. */
export async function newestSizeCosignedBy(tx: Tx, quorum: number): Promise<number | undefined> {
  const { rows } = await sql<{ size: number }>`
    select size from ledger_cosignature group by size having count(distinct witness) >= ${quorum}
    order by size desc limit 1`.execute(tx);
  return rows[0]?.size;
}

/** The note of the checkpoint of that size with its cosignature lines. */
export async function readCosigned(tx: Tx, size: number): Promise<CosignedCheckpoint | undefined> {
  const { rows } = await sql<{ note: string }>`
    select note || coalesce((
      select string_agg(line || chr(10), '' order by witness, key_id)
      from ledger_cosignature where ledger_cosignature.size = ledger_checkpoint.size), '') as note
    from ledger_checkpoint where size = ${size}`.execute(tx);
  return rows[0] === undefined ? undefined : { size, note: rows[0].note };
}
