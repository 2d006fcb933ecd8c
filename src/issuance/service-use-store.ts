import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import type { AdHocPace } from "../rulebook/index.ts";
import { greatBritain } from "../time/local-time.ts";

/** CSRs of the Ad Hoc Device CSR Web Service (Appendix N 3.1.2). */
export interface AdHocUse {
  readonly csrs: number;
  /** Of those, that came too soon after the one before. */
  readonly tooSoon: number;
}

/** Polls for batches that were last asked for in that time, all their polls counted (Appendix N 3.1.3). */
export interface PollUse {
  readonly polls: number;
  readonly early: number;
  /** By night, too soon after the one before. */
  readonly frequent: number;
  /** After the results were fetched. */
  readonly repeated: number;
}

type OfParty<Use> = ReadonlyMap<number, Use>;

/** By Party, of what came in since. The first has none before it. */
export async function selectAdHocUse(tx: Tx, since: Date, pace: AdHocPace): Promise<OfParty<AdHocUse>> {
  const { rows } = await sql<AdHocUse & { partyId: number }>`
    select party_id as "partyId", count(*)::int as csrs,
      count(*) filter (where milliseconds < case
        when time >= ${pace.dayStarts}::time and time < ${pace.dayEnds}::time then ${pace.millisecondsByDay}::int
        else ${pace.millisecondsOtherwise}::int end)::int as "tooSoon"
    from (
      select party_id, (received_at at time zone ${sql.lit(greatBritain)})::time as time, 1000 * extract(epoch from
        received_at - lag(received_at) over (partition by party_id order by received_at, id)) as milliseconds
      from request_batch where channel = 'ad-hoc' and received_at > ${since}
    ) asked group by party_id`.execute(tx);
  return byParty(rows);
}

/** By Party, of batches of the web service that were last asked for since. */
export async function selectPolls(tx: Tx, since: Date): Promise<OfParty<PollUse>> {
  const { rows } = await sql<PollUse & { partyId: number }>`
    select party_id as "partyId", sum(polls)::int as polls, sum(early_polls)::int as early,
      sum(frequent_polls)::int as frequent, sum(repeated_polls)::int as repeated
    from request_batch where channel = 'batched' and last_polled_at > ${since} group by party_id`.execute(tx);
  return byParty(rows);
}

/** Waits for whoever else counts what this Party sent over EST, and keeps them out until the transaction ends. */
export async function lockEstAllowance(tx: Tx, partyId: number): Promise<void> {
  // Of two numbers: none of the locks that have one.
  await sql`select pg_advisory_xact_lock(${0x65737400}, ${partyId}::int)`.execute(tx); // "est"
}

const byParty = <Use>(rows: readonly (Use & { partyId: number })[]): OfParty<Use> =>
  new Map(rows.map(({ partyId, ...use }) => [partyId, use as Use]));
