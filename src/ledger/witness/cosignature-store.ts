import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import type { SmkiError } from "../../errors/smki-error.ts";
import type { NoteVerifier } from "../note.ts";
import type { Cosignature } from "./cosignature.ts";

/** A checkpoint with what its witnesses said of it. */
export interface CosignedCheckpoint {
  /** Leaves in the tree. */
  readonly size: number;
  /** The signed note with one line more for each cosignature. */
  readonly note: string;
}

/** The greatest size that at least `quorum` witnesses have cosigned; undefined when there is none. */
export async function newestSizeCosignedBy(tx: Tx, quorum: number): Promise<number | undefined> {
  // Each witness's newest size first, by one step in the index for each witness. So many of them have not gone beyond
  // the quorum's: while a witness is away for weeks, what the others have cosigned since is not looked through.
  const { rows } = await sql<{ size: number }>`
    with recursive witnesses as (
      select min(witness) as witness from ledger_cosignature
      union all
      select (select min(witness) from ledger_cosignature where witness > witnesses.witness) from witnesses
      where witness is not null
    ), newest as (
      select (select max(size) from ledger_cosignature where ledger_cosignature.witness = witnesses.witness) as size
      from witnesses where witness is not null
    )
    select size from ledger_cosignature
    where size <= (select size from newest order by size desc offset ${quorum - 1} limit 1)
    group by size having count(distinct witness) >= ${quorum} order by size desc limit 1`.execute(tx);
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

type WitnessKey = Pick<NoteVerifier, "name" | "keyId">;

/** Keeps a cosignature that has been verified, and that the witness is at work; the first of a size stays. */
export async function insertCosignature(
  tx: Tx,
  { name, keyId }: WitnessKey,
  size: number,
  { line, at }: Cosignature,
): Promise<void> {
  await sql`
    insert into ledger_cosignature (size, witness, key_id, line, cosigned_at)
    values (${size}, ${name}, ${keyId}, ${line.trimEnd()}, ${at}) on conflict do nothing`.execute(tx);
  await sql`delete from ledger_witness_failure where witness = ${name} and key_id = ${keyId}`.execute(tx);
}

/** The newest checkpoint that the witness cosigned; undefined before its first. */
export async function newestOf(
  tx: Tx,
  { name, keyId }: WitnessKey,
): Promise<{ readonly size: number; readonly at: Date } | undefined> {
  const { rows } = await sql<{ size: number; at: Date }>`
    select size, cosigned_at as at from ledger_cosignature
    where witness = ${name} and key_id = ${keyId} order by size desc limit 1`.execute(tx);
  return rows[0];
}

/** A witness that gives no cosignature at present. */
export interface WitnessFailure {
  /** A code of the catalogue of errors. */
  readonly code: string;
  readonly message: string;
  /** Since when it has failed in this way. */
  readonly since: Date;
}

/** Keeps why a witness gives no cosignature; while the reason is the same, also since when. */
export async function recordFailure(
  tx: Tx,
  { name, keyId }: WitnessKey,
  { code, message }: SmkiError,
  at: Date,
): Promise<void> {
  await sql`
    insert into ledger_witness_failure as kept (witness, key_id, code, message, since)
    values (${name}, ${keyId}, ${code}, ${message}, ${at})
    on conflict (witness, key_id) do update set
      code = excluded.code, message = excluded.message,
      since = case when kept.code = excluded.code then kept.since else excluded.since end`.execute(tx);
}

/** Why a witness gives no cosignature at present; undefined while it does. */
export async function failureOf(tx: Tx, { name, keyId }: WitnessKey): Promise<WitnessFailure | undefined> {
  const { rows } = await sql<WitnessFailure>`
    select code, message, since from ledger_witness_failure
    where witness = ${name} and key_id = ${keyId}`.execute(tx);
  return rows[0];
}
