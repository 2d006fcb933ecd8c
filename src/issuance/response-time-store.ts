import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import type { Channel } from "./channel.ts";

/** Seconds: half of the answers took no longer, 99 of 100 took no longer, none took longer. */
export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

/** How long the answers on one channel took. */
export interface ChannelTimes {
  readonly channel: Channel;
  /** A Batched CSR is one however few CSRs it has. */
  readonly kind: "single" | "batch";
  readonly answers: number;
  /** From the last octet of the request: what the target of L8.1(a) is judged on. Null: nothing was answered. */
  readonly sinceLastOctet: Spread | null;
  /** From receipt as Appendix M 1.2 has it: when the checks were over. Null: no answer came after checks. */
  readonly sinceAccepted: Spread | null;
  /** Answers that took no longer than the target, since their last octet. */
  readonly within: number;
  /** Single CSRs that have no answer yet. */
  readonly unanswered: number;
  /** Of those, that have waited for longer than the target: whatever answer comes, it is too late. */
  readonly overdue: number;
}

/**
 * By channel, single CSRs and batches apart, of what was received since. Credentials of the IKI are left out: SEC L8 is
 * about Organisation and Device Certificates.
 *
 * @param target - in seconds
 * @param at - the moment of the look
 */
export async function selectTimes(tx: Tx, since: Date, target: number, at: Date): Promise<ChannelTimes[]> {
  const answered = sql`is_answered`;
  const spread = (column: string) => {
    const seconds = sql.ref(column);
    return sql`case when count(${seconds}) filter (where ${answered}) > 0 then json_build_object(
      'median', percentile_disc(0.5) within group (order by ${seconds}) filter (where ${answered}),
      'p99', percentile_disc(0.99) within group (order by ${seconds}) filter (where ${answered}),
      'longest', max(${seconds}) filter (where ${answered})) end`;
  };
  const batched = sql`channel in ('batched', 'portal-batch')`;
  const { rows } = await sql<ChannelTimes>`
    select channel, kind, count(*) filter (where ${answered})::int as answers,
      ${spread("last_octet")} as "sinceLastOctet", ${spread("accepted")} as "sinceAccepted",
      count(*) filter (where ${answered} and last_octet <= ${target})::int as within,
      count(*) filter (where not ${answered})::int as unanswered,
      count(*) filter (where not ${answered} and last_octet > ${target})::int as overdue
    from (
      select channel, case when ${batched} or request_count > 1 then 'batch' else 'single' end as kind,
        extract(epoch from since_last_octet)::float8 as last_octet,
        extract(epoch from since_accepted)::float8 as accepted, true as is_answered
      from response_time where received_at > ${since} and certificate_kind <> 'iki'
      union all
      select channel, 'single', extract(epoch from ${at}::timestamptz - received_at)::float8, null, false
      from request_batch batch
      where received_at > ${since} and certificate_kind <> 'iki' and stage = 'released' and sent_at is null
        and request_count = 1 and not (${batched})
        and exists (select from request_chunk where batch_id = batch.id and state <> 'finished')
    ) asked
    group by channel, kind order by channel, kind`.execute(tx);
  return rows;
}
