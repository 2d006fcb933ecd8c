import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import { ledgerTables } from "./ledger-tables.ts";

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
  readonly signedAt: Date;
}

/**
 * Gives open entries their leaves: takes them from the inbox and appends them from leaf `size` on, in the
 * order in which they were recorded. Entries that commit meanwhile stay for the next call, whatever their
 * identity values. The entries do not leave the server; their hashes do.
 *
 * @param size - leaves so far
 * @param maximum - most entries to take
 * @returns the leaf hashes in order, one after the other (RFC 9162 section 2.1.1, over the bytes stored)
 */
export async function moveOpenEntries(tx: Tx, size: number, maximum: number): Promise<Buffer> {
  // A round's entries are numbered in memory; with PostgreSQL's default of 4 MB they would go by way of the disk.
  await sql`set local work_mem = '64MB'`.execute(tx);
  const { rows } = await sql<{ hashes: Buffer | null }>`
    with taken as (
      delete from ledger_inbox
      where id <= coalesce(
        (select id from ledger_inbox order by id offset ${maximum - 1} limit 1), 9223372036854775807)
      returning id, entry
    ), numbered as materialized (
      select ${size}::bigint - 1 + row_number() over (order by id) as leaf, entry from taken
    ), appended as (
      insert into ledger_entry (leaf, entry) select leaf, entry from numbered
    )
    select string_agg(sha256('\\x00'::bytea || entry), ''::bytea order by leaf) as hashes from numbered`.execute(
    tx,
  );
  return rows[0]?.hashes ?? Buffer.alloc(0);
}

/** True when entries wait for their leaves. */
export async function hasOpenEntries(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`select exists (select from ledger_inbox) as open`.execute(tx);
  return rows[0]?.open === true;
}

/** The checkpoint of the greatest size, undefined before the first. */
export async function newestCheckpoint(tx: Tx): Promise<StoredCheckpoint | undefined> {
  return await ledgerTables(tx)
    .selectFrom("ledger_checkpoint")
    .select(["size", "note", "signed_at as signedAt"])
    .orderBy("size", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The checkpoint of a size; undefined when none of it was signed. */
export async function checkpointOfSize(tx: Tx, size: number): Promise<StoredCheckpoint | undefined> {
  return await ledgerTables(tx)
    .selectFrom("ledger_checkpoint")
    .select(["size", "note", "signed_at as signedAt"])
    .where("size", "=", size)
    .executeTakeFirst();
}

/** The size of the newest checkpoint in the database, 0 before the first. */
export async function publishedSize(tx: Tx): Promise<number> {
  return (await newestCheckpoint(tx))?.size ?? 0;
}

/** Stores a checkpoint; one that is there already stays as it is. */
export async function insertCheckpoint(
  tx: Tx,
  checkpoint: Omit<StoredCheckpoint, "signedAt">,
  signedAt: Date,
): Promise<void> {
  await ledgerTables(tx)
    .insertInto("ledger_checkpoint")
    .values({ size: checkpoint.size, note: checkpoint.note, signed_at: signedAt })
    .onConflict((conflict) => conflict.column("size").doNothing())
    .execute();
}
