import type { Estate } from "../../src/app/estate/estate.ts";
import { systemCredential } from "../../src/app/processes/testkit/web-services.ts";
import type { Output } from "../../src/cli/output.ts";
import { checkEstate } from "../bulk/checks.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { submit } from "../bulk/submit.ts";
import { type BenchEstate, foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWebProcess } from "../estate/web-process.ts";
import { startWorkers } from "../estate/workers.ts";
import { meanFloor, measureFloor } from "../floor/measure.ts";
import {
  type BenchResult,
  type Check,
  type Measurement,
  quantile,
  rate,
  time,
} from "../report/measurement.ts";
import { processorSeconds } from "../report/processor-time.ts";
import { makeRequests } from "../requests/make-all.ts";
import { prepareCommits, threeCommits } from "../single-issue/issue-one.ts";
import { atFixedRate, oneAfterAnother } from "../single-issue/latencies.ts";
import { type Connection, openConnection, type Server } from "../web/connection.ts";
import { registerSupplier, serverCa } from "../web/estate.ts";
import { Replacements } from "./replacements.ts";

const warmUp = 1_500;
/** Connections at once, each with one request after another: how many requests in all, and what is to be reached. */
const steps = [
  { connections: 1, requests: 400 },
  { connections: 16, requests: 6_000, longest: 25, least: 1_000 },
  { connections: 64, requests: 8_000 },
] as const;
/** Requests a second, each for some seconds, over so many connections. */
const offered = [100, 250, 500];
const offeredSeconds = 6;
const offeredConnections = 64;

/** Replacement certificates through the Ad Hoc Device CSR Web Service, over mutual TLS: how long one takes, how many there are. */
export async function benchAdHoc(output: Output): Promise<BenchResult> {
  const count =
    warmUp +
    steps.reduce((total, { requests }) => total + requests, 0) +
    offered.reduce((total, perSecond) => total + perSecond * offeredSeconds, 0);
  // The same Devices twice: the ad hoc service replaces certificates, and gives no Device its first.
  const first = await makeRequests(count, output);
  const again = await makeRequests(count, output);
  const bench = await foundEstate("encrypted-file");
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, 2);
    await submit(estate, bench, first.requests);
    const web = await startWebProcess(estate);
    const asking = await prepare(estate, bench, web.url, again.requests);
    const processes = () => ({
      web: processorSeconds([web.process]),
      workers: processorSeconds(workers.processes),
    });
    await prepareCommits(estate);
    await oneAfterAnother(warmUp / 5, () => threeCommits(estate));
    const commits = await oneAfterAnother(warmUp / 5, () => threeCommits(estate));
    const before = await measureFloor(again.requests, 2, 1_000);
    const measured = await measure(asking, commits, before.rate, output, processes);
    const after = await measureFloor(again.requests, 2, 1_000);
    const answers = asking.replacements.judge();
    await Promise.all([web.stop(), workers.stop()]);
    const server = await serverSettings(estate);
    return {
      bench: "ad-hoc",
      measurements: measured.measurements,
      settings: {
        ...measured.settings,
        workers: 2,
        "web processes": 1,
        signer: workers.signer,
        "floor, node:crypto, certificates/s": Math.round(meanFloor([before, after]).rate),
        "latency, connections": "from the first octet sent to the last octet read, one request after another",
        "latency, a second": "from the intended moment of sending",
        "seconds to make the CSRs, off the clock": Math.round(first.seconds + again.seconds),
      },
      checks: [
        ...durabilityChecks(server, estate.paths.data),
        answersCheck(asking.replacements, answers, count),
        ...(await checkEstate(estate, 2 * count, "as issued", output)),
      ],
    };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

/** A client of the ad hoc service with what it has to send. */
interface Asking {
  readonly replacements: Replacements;
  readonly connect: (count: number) => Promise<Connection[]>;
}

async function prepare(
  estate: Estate,
  bench: BenchEstate,
  url: string,
  csrs: readonly Buffer[],
): Promise<Asking> {
  const supplier = await registerSupplier(estate, bench);
  const identity = await systemCredential(estate.settings.dataFolder, supplier, "replacements", "ad-hoc");
  const server: Server = { url, ca: serverCa(estate) };
  return {
    replacements: new Replacements(csrs),
    connect: (count) => Promise.all(Array.from({ length: count }, () => openConnection(server, identity))),
  };
}

async function measure(
  { replacements, connect }: Asking,
  commits: readonly number[],
  floor: number,
  output: Output,
  processes: () => { readonly web: number; readonly workers: number },
): Promise<Pick<BenchResult, "measurements" | "settings">> {
  const measurements: Measurement[] = [];
  const settings: Record<string, string> = {};
  await over(connect, 16, (connections) => together(connections, warmUp, replacements));
  for (const step of steps) {
    const { start, end, seconds, latencies } = await over(connect, step.connections, async (connections) => ({
      start: processes(),
      ...(await together(connections, step.requests, replacements)),
      end: processes(),
    }));
    const name = step.connections === 1 ? "1 connection" : `${String(step.connections)} connections`;
    const perSecond = step.requests / seconds;
    output.done(`${name}: ${perSecond.toFixed(0)} a second`);
    measurements.push(
      ...percentiles(name, latencies, commits, "longest" in step ? step.longest : undefined),
      {
        ...rate(name, perSecond, "certificates/s", { name: "node:crypto, two threads", value: floor }),
        ...("least" in step
          ? { target: `>= ${String(step.least)} a second`, reached: perSecond >= step.least }
          : {}),
      },
    );
    const each = (used: number) => ((used * 1_000) / step.requests).toFixed(2);
    settings[`${name}: processor ms a certificate`] =
      `${each(end.web - start.web)} web, ${each(end.workers - start.workers)} workers`;
  }
  for (const perSecond of offered) {
    const latencies = await over(connect, offeredConnections, (connections) =>
      atRate(perSecond, connections, replacements),
    );
    measurements.push(...percentiles(`${String(perSecond)} a second`, latencies, commits));
    output.done(`${String(perSecond)} a second offered`);
  }
  return { measurements, settings };
}

/** Opens connections for one step, and closes them: the service drops one that says nothing for long. */
async function over<Result>(
  connect: Asking["connect"],
  count: number,
  step: (connections: readonly Connection[]) => Promise<Result>,
): Promise<Result> {
  const connections = await connect(count);
  try {
    return await step(connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Each connection asks again as soon as it is answered. */
async function together(
  connections: readonly Connection[],
  requests: number,
  replacements: Replacements,
): Promise<{ seconds: number; latencies: number[] }> {
  const start = performance.now();
  let left = requests;
  const latencies = await Promise.all(
    connections.map(async (connection) => {
      const own: number[] = [];
      while (left > 0) {
        left -= 1;
        own.push(...(await oneAfterAnother(1, () => replacements.ask(connection))));
      }
      return own;
    }),
  );
  return { seconds: (performance.now() - start) / 1_000, latencies: latencies.flat() };
}

/** At a fixed rate over connections that are free; one that has to wait for a connection has its waiting counted. */
function atRate(
  perSecond: number,
  connections: readonly Connection[],
  replacements: Replacements,
): Promise<number[]> {
  const free = [...connections];
  const waiting: ((connection: Connection) => void)[] = [];
  return atFixedRate(perSecond, perSecond * offeredSeconds, async () => {
    const connection =
      free.pop() ??
      (await new Promise<Connection>((resolve) => {
        waiting.push(resolve);
      }));
    await replacements.ask(connection);
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else next(connection);
  });
}

function percentiles(
  name: string,
  latencies: readonly number[],
  commits: readonly number[],
  longest?: number,
): Measurement[] {
  return [0.5, 0.99].map((share) => {
    const percentile = `p${String(share * 100)}`;
    const floor = { name: `three commits one after another, ${percentile}`, value: quantile(commits, share) };
    const most = share === 0.99 ? longest : undefined;
    return time(`${name}, ${percentile}`, quantile(latencies, share), "ms", floor, most);
  });
}

function answersCheck(
  { answered }: Replacements,
  { wrong, example }: ReturnType<Replacements["judge"]>,
  expected: number,
): Check {
  return {
    name: "every answer is the certificate for its CSR's key",
    holds: answered === expected && wrong === 0,
    found: `${String(answered)} of ${String(expected)}, ${String(wrong)} wrong ${example}`.trim(),
  };
}
