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
  readonly kind: "single" | "batch";
  readonly answers: number;
  /** From the last octet of the request: what the target of L8.1(a) is judged on. */
  readonly sinceLastOctet: Spread;
  /** From receipt as Appendix M 1.2 has it: when the checks were over. */
  readonly sinceAccepted: Spread;
  /** Answers that took no longer than the target, since their last octet. */
  readonly within: number;
}

/** By channel, single CSRs and batches apart, of what was received since; `target` in seconds. */
export async function selectTimes(tx: Tx, since: Date, target: number): Promise<ChannelTimes[]> {
  const seconds = (column: string) => sql`extract(epoch from ${sql.ref(column)})::float8`;
  const spread = (column: string) => sql`json_build_object(
    'median', percentile_disc(0.5) within group (order by ${seconds(column)}),
    'p99', percentile_disc(0.99) within group (order by ${seconds(column)}),
    'longest', max(${seconds(column)}))`;
  const { rows } = await sql<ChannelTimes>`
    select channel, case when request_count = 1 then 'single' else 'batch' end as kind, count(*)::int as answers,
      ${spread("since_last_octet")} as "sinceLastOctet", ${spread("since_accepted")} as "sinceAccepted",
      count(*) filter (where ${seconds("since_last_octet")} <= ${target})::int as within
    from response_time where received_at > ${since}
    group by 1, 2 order by 1, 2`.execute(tx);
  return rows;
}
