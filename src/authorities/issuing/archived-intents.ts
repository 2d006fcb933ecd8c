import { sql } from "kysely";
import { int8Array } from "../../database/binary-arrays.ts";
import { unframe } from "../../database/frames.ts";
import type { Tx } from "../../database/transaction.ts";

/** A recorded intent whose certificates are published, as it is archived. */
export interface FinishedIntent {
  readonly id: number;
  readonly chunkId: number;
  readonly authorityId: string;
  readonly recordedAt: Date;
  readonly publishedAt: Date;
  readonly positions: readonly number[];
  readonly toBeSigned: readonly Buffer[];
}

/**
 * Intents that were published before a moment and stand here still, in the order of their numbers.
 *
 * @param after - the number of the last one that was given; 0 at first
 */
export async function finishedIntents(
  tx: Tx,
  before: Date,
  after: number,
  limit: number,
): Promise<FinishedIntent[]> {
  const { rows } = await sql<Omit<FinishedIntent, "toBeSigned"> & { octets: Buffer }>`
    select id, chunk_id as "chunkId", authority_id as "authorityId", recorded_at as "recordedAt",
      published_at as "publishedAt", positions, to_be_signed as octets
    from issuing_intent
    where published_at < ${before} and archive_id is null and id > ${after}
    order by id limit ${limit}`.execute(tx);
  return rows.map(({ octets, ...intent }) => ({ ...intent, toBeSigned: unframe(octets) }));
}

/** Takes the octets of archived intents out of the database; their rows stay. @returns how many it were */
export async function pruneIntents(tx: Tx, ids: readonly number[], archive: number): Promise<number> {
  const pruned = await sql`
    update issuing_intent set to_be_signed = ''::bytea, archive_id = ${archive}
    where id = any(${int8Array(ids)}::bigint[]) and archive_id is null and published_at is not null`.execute(
    tx,
  );
  return Number(pruned.numAffectedRows ?? 0);
}
