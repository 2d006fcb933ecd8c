import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import type { PolledBatch, PollManners } from "./poll-manners.ts";

/** What is known of a batch's polls; its row is locked, so that each is counted. */
export async function lockPolled(tx: Tx, id: number): Promise<PolledBatch | undefined> {
  const { rows } = await sql<{ receivedAt: Date; lastPolledAt: Date | null; firstFetchedAt: Date | null }>`
    select received_at as "receivedAt", last_polled_at as "lastPolledAt", first_fetched_at as "firstFetchedAt"
    from request_batch where id = ${id} for no key update`.execute(tx);
  const [row] = rows;
  return (
    row && {
      receivedAt: row.receivedAt,
      lastPolledAt: row.lastPolledAt ?? undefined,
      firstFetchedAt: row.firstFetchedAt ?? undefined,
    }
  );
}

export async function countPoll(tx: Tx, id: number, manners: PollManners, at: Date): Promise<void> {
  await sql`
    update request_batch set last_polled_at = ${at}, polls = polls + 1,
      early_polls = early_polls + ${manners.isEarly ? 1 : 0},
      frequent_polls = frequent_polls + ${manners.isFrequent ? 1 : 0},
      repeated_polls = repeated_polls + ${manners.isRepeated ? 1 : 0}
    where id = ${id}`.execute(tx);
}

export async function markFetched(tx: Tx, id: number, at: Date): Promise<void> {
  await sql`
    update request_batch set first_fetched_at = ${at} where id = ${id} and first_fetched_at is null`.execute(
    tx,
  );
}

/** Says of answers that were sent at once when that was. */
export async function markSent(
  tx: Tx,
  sent: readonly { readonly batchId: number; readonly at: Date }[],
): Promise<void> {
  await sql`
    update request_batch set sent_at = sent.at
    from unnest(${sent.map(({ batchId }) => batchId)}::bigint[], ${sent.map(({ at }) => at)}::timestamptz[]) as sent (id, at)
    where request_batch.id = sent.id and sent_at is null`.execute(tx);
}
