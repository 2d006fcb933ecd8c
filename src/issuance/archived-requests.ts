import { sql } from "kysely";
import { int8Array } from "../database/binary-arrays.ts";
import { unframe } from "../database/frames.ts";
import type { Tx } from "../database/transaction.ts";

/** A chunk that is finished, with its CSRs, as it is archived. Its outcomes stay on line. */
export interface FinishedRequests {
  readonly id: number;
  readonly batchId: number;
  readonly firstPosition: number;
  readonly finishedAt: Date;
  readonly requests: readonly Buffer[];
}

/**
 * Chunks that were finished before a moment and whose CSRs stand here still, in the order of their numbers.
 *
 * @param after - the number of the last one that was given; 0 at first
 */
export async function finishedRequests(
  tx: Tx,
  before: Date,
  after: number,
  limit: number,
): Promise<FinishedRequests[]> {
  const { rows } = await sql<Omit<FinishedRequests, "requests"> & { octets: Buffer }>`
    select id, batch_id as "batchId", first_position as "firstPosition", finished_at as "finishedAt",
      requests as octets
    from request_chunk
    where state = 'finished' and finished_at < ${before} and archive_id is null and id > ${after}
    order by id limit ${limit}`.execute(tx);
  return rows.map(({ octets, ...chunk }) => ({ ...chunk, requests: unframe(octets) }));
}

/** Takes the CSRs of archived chunks out of the database; their rows and outcomes stay. @returns how many it were */
export async function pruneRequests(tx: Tx, ids: readonly number[], archive: number): Promise<number> {
  const pruned = await sql`
    update request_chunk set requests = ''::bytea, archive_id = ${archive}
    where id = any(${int8Array(ids)}::bigint[]) and archive_id is null and state = 'finished'`.execute(tx);
  return Number(pruned.numAffectedRows ?? 0);
}
