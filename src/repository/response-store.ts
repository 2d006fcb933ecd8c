import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import type { MeasuredInterface } from "./response-times.ts";

/** Answers of one interface, added up. Times in milliseconds. */
export interface CountedResponses {
  readonly minute: Date;
  readonly interface: MeasuredInterface;
  readonly target: number;
  readonly requests: number;
  readonly within: number;
  readonly failed: number;
  readonly total: number;
  readonly slowest: number;
}

/** Adds counted answers to those of other processes. */
export async function addResponses(tx: Tx, counted: readonly CountedResponses[]): Promise<void> {
  // In one order, so that two processes that add at the same time never wait for each other in a circle.
  const inOrder = counted.toSorted(
    (a, b) => a.minute.getTime() - b.minute.getTime() || a.interface.localeCompare(b.interface),
  );
  for (const one of inOrder)
    await sql`
      insert into repository_response as r (minute, interface, target_milliseconds, requests, within_target, failed,
        total_milliseconds, slowest_milliseconds)
      values (${one.minute}, ${one.interface}, ${one.target}, ${one.requests}, ${one.within}, ${one.failed},
        ${one.total}, ${one.slowest})
      on conflict (minute, interface, target_milliseconds) do update set
        requests = r.requests + excluded.requests,
        within_target = r.within_target + excluded.within_target,
        failed = r.failed + excluded.failed,
        total_milliseconds = r.total_milliseconds + excluded.total_milliseconds,
        slowest_milliseconds = greatest(r.slowest_milliseconds, excluded.slowest_milliseconds)`.execute(tx);
}

/** What was answered since, by interface. */
export async function selectResponses(
  tx: Tx,
  since: Date,
): Promise<Omit<CountedResponses, "minute" | "target">[]> {
  const { rows } = await sql<Omit<CountedResponses, "minute" | "target">>`
    select interface, sum(requests)::bigint as requests, sum(within_target)::bigint as within,
      sum(failed)::bigint as failed, sum(total_milliseconds)::bigint as total,
      max(slowest_milliseconds) as slowest
    from repository_response where minute > ${since} group by interface order by interface`.execute(tx);
  return rows;
}
