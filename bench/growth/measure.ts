import { join } from "node:path";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { submit } from "../bulk/submit.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";
import type { Workers } from "../estate/workers.ts";
import { type Floor, meanFloor, measureFloor } from "../floor/measure.ts";
import { median } from "../report/measurement.ts";
import { processorSeconds } from "../report/processor-time.ts";

/** The measured CSRs go in so many batches one after the other, of which the median counts. */
const parts = 5;
const floorMilliseconds = 1_000;

/** What one certificate cost at one size, the median of the parts. */
export interface Cost {
  /** By the clock, from the first row sent to the last act under a signed checkpoint. */
  readonly milliseconds: number;
  /** Of processor, by who used it. */
  readonly workers: number;
  readonly server: number;
  /** Write-ahead log, in octets. */
  readonly log: number;
  readonly floor: Floor;
}

/** Issues certificates through the whole pipeline, and says what one cost. */
export async function measureCost(
  estate: Estate,
  bench: BenchEstate,
  workers: Workers,
  requests: readonly Buffer[],
): Promise<Cost> {
  const postmaster = readPostmaster(join(estate.paths.data, "postgresql", "cluster"))?.pid ?? 0;
  const used = () => ({
    workers: processorSeconds(workers.processes),
    server: processorSeconds([postmaster]),
  });
  const size = Math.floor(requests.length / parts);
  const before = await measureFloor(requests, workers.processes.length, floorMilliseconds);
  const costs: Omit<Cost, "floor">[] = [];
  for (let part = 0; part < parts; part += 1) {
    const [start, log] = [used(), await logPosition(estate)];
    const { seconds } = await submit(estate, bench, requests.slice(part * size, (part + 1) * size));
    const [end, logAfter] = [used(), await logPosition(estate)];
    const each = (from: number, to: number) => ((to - from) * 1_000) / size;
    costs.push({
      milliseconds: each(0, seconds),
      workers: each(start.workers, end.workers),
      server: each(start.server, end.server),
      log: (logAfter - log) / size,
    });
  }
  const after = await measureFloor(requests, workers.processes.length, floorMilliseconds);
  const middle = (name: keyof Omit<Cost, "floor">) => median(costs.map((cost) => cost[name]));
  return {
    milliseconds: middle("milliseconds"),
    workers: middle("workers"),
    server: middle("server"),
    log: middle("log"),
    floor: meanFloor([before, after]),
  };
}

/** Octets of write-ahead log so far. */
async function logPosition({ database }: Estate): Promise<number> {
  const { rows } = await database.read((tx) =>
    sql<{ octets: number }>`select (pg_current_wal_lsn() - '0/0')::bigint as octets`.execute(tx),
  );
  return rows[0]?.octets ?? 0;
}
