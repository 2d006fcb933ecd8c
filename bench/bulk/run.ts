import { join } from "node:path";
import type { Estate } from "../../src/app/estate/estate.ts";
import type { Output } from "../../src/cli/output.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { type BenchEstate, foundEstate, type SignerKind } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWorkers, type Workers } from "../estate/workers.ts";
import { type Floor, measureFloor } from "../floor/measure.ts";
import type { Check } from "../report/measurement.ts";
import { peakMegabytes, processorSeconds } from "../report/processor-time.ts";
import { checkEstate } from "./checks.ts";
import { killServer } from "./kill-server.ts";
import { durabilityChecks, type ServerSettings, serverSettings } from "./server-settings.ts";
import { type Issued, submit } from "./submit.ts";

/** What one run issues, and how. */
export interface BulkOrder {
  readonly signer: SignerKind;
  readonly ledger: boolean;
  /** CSRs that the clock counts. */
  readonly requests: readonly Buffer[];
  /** CSRs issued before it, until the workers' code is compiled: a service runs for years. */
  readonly warmUp: readonly Buffer[];
}

/** One run with its floor and its checks. */
export interface BulkRun extends Issued {
  readonly rate: number;
  /** Before and after the work. */
  readonly floors: readonly Floor[];
  /** Processor seconds while the clock ran. */
  readonly processor: { readonly workers: number; readonly server: number; readonly client: number };
  readonly peakMegabytesOfAWorker: number;
  readonly signer: string;
  readonly server: ServerSettings;
  readonly checks: readonly Check[];
}

const workerCount = 2;
const floorMilliseconds = 2_000;
const withoutLedger = `--import ${new URL("../without-ledger/register.ts", import.meta.url).href}`;

/** Founds an estate, issues, checks, kills the server, checks again, and removes everything. */
export async function runBulk(order: BulkOrder, output: Output): Promise<BulkRun> {
  const bench = await foundEstate(order.signer);
  let estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, workerCount, order.ledger ? "" : withoutLedger);
    const run = await measure(order, bench, estate, workers);
    await workers.stop();
    if (!order.ledger) return { ...run, checks: durabilityChecks(run.server, estate.paths.data) };
    const expected = order.requests.length + order.warmUp.length;
    const checks = [
      ...durabilityChecks(run.server, estate.paths.data),
      ...(await checkEstate(estate, expected, "as issued", output)),
    ];
    await killServer(estate);
    estate = await bench.open();
    checks.push(...(await checkEstate(estate, expected, "after kill -9 and restart", output)));
    return { ...run, checks };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

async function measure(
  { requests, warmUp, signer }: BulkOrder,
  bench: BenchEstate,
  estate: Estate,
  workers: Workers,
): Promise<Omit<BulkRun, "checks">> {
  await submit(estate, bench, warmUp);
  const before = await measureFloor(requests, workerCount, floorMilliseconds);
  const postmaster = readPostmaster(join(estate.paths.data, "postgresql", "cluster"))?.pid ?? 0;
  const used = () => ({
    workers: processorSeconds(workers.processes),
    server: processorSeconds([postmaster]),
    client: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  });
  const start = used();
  const issued = await submit(estate, bench, requests);
  const end = used();
  const after = await measureFloor(requests, workerCount, floorMilliseconds);
  return {
    ...issued,
    rate: requests.length / issued.seconds,
    floors: [before, after],
    processor: {
      workers: end.workers - start.workers,
      server: end.server - start.server,
      client: end.client - start.client,
    },
    peakMegabytesOfAWorker: Math.max(...workers.processes.map((pid) => peakMegabytes(pid) ?? 0)),
    signer: `${signer}: ${workers.signer}`,
    server: await serverSettings(estate),
  };
}
