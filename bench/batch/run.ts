import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Estate } from "../../src/app/estate/estate.ts";
import { systemCredential } from "../../src/app/processes/testkit/web-services.ts";
import { selectAuthorities } from "../../src/authorities/authority-store.ts";
import type { Output } from "../../src/cli/output.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { checkEstate } from "../bulk/checks.ts";
import { killServer } from "../bulk/kill-server.ts";
import { durabilityChecks, type ServerSettings, serverSettings } from "../bulk/server-settings.ts";
import { isSequenced } from "../bulk/submit.ts";
import { foundEstate, manufacturerName, type SignerKind } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWebProcess, type WebProcess } from "../estate/web-process.ts";
import { startWorkers, type Workers } from "../estate/workers.ts";
import { type Floor, measureFloor } from "../floor/measure.ts";
import type { Check } from "../report/measurement.ts";
import { peakMegabytes, processorSeconds } from "../report/processor-time.ts";
import { serverCa } from "../web/estate.ts";
import { judge, type Night, type PreparedBatch, spendNight } from "./client.ts";

/** What one run sends, and how it is signed. */
export interface NightOrder {
  readonly signer: SignerKind;
  readonly batches: readonly PreparedBatch[];
  /** Sent before, off the clock: a service runs for years. */
  readonly warmUp: readonly PreparedBatch[];
}

/** One run with its floor and its checks. */
export interface NightRun extends Omit<Night, "results"> {
  readonly certificates: number;
  readonly rate: number;
  /** Until every act had its leaf under a signed checkpoint. */
  readonly sequenced: number;
  readonly floors: readonly Floor[];
  readonly processor: Readonly<Record<"web" | "workers" | "server" | "client", number>>;
  readonly peakMegabytes: { readonly web: number; readonly worker: number };
  readonly signer: string;
  readonly server: ServerSettings;
  /** Issuing DCAs that took over from another. */
  readonly handOvers: number;
  readonly checks: readonly Check[];
}

const workerCount = 2;
const floorMilliseconds = 2_000;
const sum = (batches: readonly PreparedBatch[]) =>
  batches.reduce((total, { csrs }) => total + csrs.length, 0);

/** Founds an estate, has batches issued through its web service, checks, kills the database server, checks again. */
export async function runNight(order: NightOrder, output: Output): Promise<NightRun> {
  const bench = await foundEstate(order.signer);
  let estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, workerCount);
    const web = await startWebProcess(estate);
    const { results, ...run } = await measure(order, estate, workers, web);
    await Promise.all([web.stop(), workers.stop()]);
    const wrong = judge(order.batches, { ...run, results });
    const expected = sum(order.batches) + sum(order.warmUp);
    const checks: Check[] = [
      ...durabilityChecks(run.server, estate.paths.data),
      {
        name: "each CSR is answered under its ID with the certificate for its key",
        holds: wrong === 0,
        found: `${String(wrong)} are not`,
      },
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
  { batches, warmUp, signer }: NightOrder,
  estate: Estate,
  workers: Workers,
  web: WebProcess,
): Promise<Omit<NightRun, "checks"> & Pick<Night, "results">> {
  const identity = await systemCredential(
    estate.settings.dataFolder,
    manufacturerName,
    "factory line",
    "batched",
  );
  const server = { url: web.url, ca: serverCa(estate) };
  await spendNight(server, identity, warmUp);
  const csrs = batches[0]?.csrs ?? [];
  const before = await measureFloor(csrs, workerCount, floorMilliseconds);
  const postmaster = readPostmaster(join(estate.paths.data, "postgresql", "cluster"))?.pid ?? 0;
  const used = () => ({
    web: processorSeconds([web.process]),
    workers: processorSeconds(workers.processes),
    server: processorSeconds([postmaster]),
    client: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  });
  const start = used();
  const started = performance.now();
  const night = await spendNight(server, identity, batches);
  while (!(await isSequenced(estate.database))) await sleep(5);
  const sequenced = (performance.now() - started) / 1_000;
  const end = used();
  const after = await measureFloor(csrs, workerCount, floorMilliseconds);
  const authorities = await estate.database.read((tx) => selectAuthorities(tx, "issuing-dca"));
  return {
    ...night,
    certificates: sum(batches),
    rate: sum(batches) / night.seconds,
    sequenced,
    floors: [before, after],
    processor: {
      web: end.web - start.web,
      workers: end.workers - start.workers,
      server: end.server - start.server,
      client: end.client - start.client,
    },
    peakMegabytes: {
      web: peakMegabytes(web.process) ?? 0,
      worker: Math.max(...workers.processes.map((pid) => peakMegabytes(pid) ?? 0)),
    },
    signer: `${signer}: ${workers.signer}`,
    server: await serverSettings(estate),
    handOvers: Math.max(0, authorities.filter(({ firstUsedAt }) => firstUsedAt !== undefined).length - 1),
  };
}
