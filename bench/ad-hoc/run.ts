import type { Estate } from "../../src/app/estate/estate.ts";
import { systemCredential } from "../../src/app/processes/testkit/web-services.ts";
import type { Output } from "../../src/cli/output.ts";
import { checkEstate } from "../bulk/checks.ts";
import { killServer } from "../bulk/kill-server.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { submit } from "../bulk/submit.ts";
import { type BenchEstate, foundEstate, type SignerKind } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWebProcess } from "../estate/web-process.ts";
import { startWorkers } from "../estate/workers.ts";
import { type Floor, measureFloor } from "../floor/measure.ts";
import type { Check } from "../report/measurement.ts";
import { processorSeconds } from "../report/processor-time.ts";
import { prepareCommits, threeCommits } from "../single-issue/issue-one.ts";
import { atFixedRate, oneAfterAnother } from "../single-issue/latencies.ts";
import { type Connection, openConnection, type Server } from "../web/connection.ts";
import { registerSupplier, serverCa } from "../web/estate.ts";
import { Replacements } from "./replacements.ts";

const workerCount = 2;
const commitCount = 300;
const offeredConnections = 64;
const floorMilliseconds = 1_000;

/** Connections at once, each with one request after another: how many requests in all. */
export interface ClosedStep {
  readonly connections: number;
  readonly requests: number;
}

/** Requests a second, for so many seconds, over connections that are free. */
export interface OpenStep {
  readonly perSecond: number;
  readonly seconds: number;
}

/** What one run asks for, in this order. */
export interface AdHocOrder {
  readonly signer: SignerKind;
  /** Before, off the clock. */
  readonly warmUp: number;
  readonly closed: readonly ClosedStep[];
  readonly open: readonly OpenStep[];
  /** The same Devices twice: the ad hoc service replaces certificates, and gives no Device its first. */
  readonly first: readonly Buffer[];
  readonly again: readonly Buffer[];
}

/** CSRs that an order takes. */
export function requestsOf({ warmUp, closed, open }: Omit<AdHocOrder, "signer" | "first" | "again">): number {
  return (
    warmUp +
    closed.reduce((total, { requests }) => total + requests, 0) +
    open.reduce((total, { perSecond, seconds }) => total + perSecond * seconds, 0)
  );
}

/** How a step went: latencies in milliseconds; of a closed one what it took, and processor time of a certificate. */
export interface ClosedRun extends ClosedStep {
  readonly latencies: readonly number[];
  readonly perSecond: number;
  readonly processorMilliseconds: { readonly web: number; readonly workers: number };
}
export interface OpenRun extends OpenStep {
  readonly latencies: readonly number[];
}

export interface AdHocRun {
  readonly signer: string;
  readonly closed: readonly ClosedRun[];
  readonly open: readonly OpenRun[];
  /** Three commits one after another, in milliseconds: what durability alone takes. */
  readonly commits: readonly number[];
  readonly floors: readonly Floor[];
  readonly checks: readonly Check[];
}

/** Founds an estate, has certificates replaced through its web service, checks, kills the database server, checks again. */
export async function runAdHoc(order: AdHocOrder, output: Output): Promise<AdHocRun> {
  const bench = await foundEstate(order.signer);
  let estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, workerCount);
    await submit(estate, bench, order.first);
    const web = await startWebProcess(estate);
    const asking = await prepare(estate, bench, web.url, order.again);
    await prepareCommits(estate);
    await oneAfterAnother(commitCount, () => threeCommits(estate));
    const commits = await oneAfterAnother(commitCount, () => threeCommits(estate));
    const before = await measureFloor(order.again, workerCount, floorMilliseconds);
    const steps = await measure(asking, order, () => ({
      web: processorSeconds([web.process]),
      workers: processorSeconds(workers.processes),
    }));
    const after = await measureFloor(order.again, workerCount, floorMilliseconds);
    await Promise.all([web.stop(), workers.stop()]);
    const expected = order.first.length + order.again.length;
    const checks = [
      ...durabilityChecks(await serverSettings(estate), estate.paths.data),
      answersCheck(asking.replacements, order.again.length),
      ...(await checkEstate(estate, expected, "as issued", output)),
    ];
    await killServer(estate);
    estate = await bench.open();
    checks.push(...(await checkEstate(estate, expected, "after kill -9 and restart", output)));
    return { signer: workers.signer, ...steps, commits, floors: [before, after], checks };
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
  { warmUp, closed, open }: AdHocOrder,
  used: () => ClosedRun["processorMilliseconds"],
): Promise<Pick<AdHocRun, "closed" | "open">> {
  await over(connect, 16, (connections) => together(connections, warmUp, replacements));
  const closedRuns: ClosedRun[] = [];
  for (const step of closed)
    closedRuns.push(
      await over(connect, step.connections, async (connections) => {
        const start = used();
        const { seconds, latencies } = await together(connections, step.requests, replacements);
        const end = used();
        const each = (from: number, to: number) => ((to - from) * 1_000) / step.requests;
        const processorMilliseconds = {
          web: each(start.web, end.web),
          workers: each(start.workers, end.workers),
        };
        return { ...step, latencies, perSecond: step.requests / seconds, processorMilliseconds };
      }),
    );
  const openRuns: OpenRun[] = [];
  for (const step of open)
    openRuns.push({
      ...step,
      latencies: await over(connect, offeredConnections, (connections) =>
        atRate(step, connections, replacements),
      ),
    });
  return { closed: closedRuns, open: openRuns };
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
  { perSecond, seconds }: OpenStep,
  connections: readonly Connection[],
  replacements: Replacements,
): Promise<number[]> {
  const free = [...connections];
  const waiting: ((connection: Connection) => void)[] = [];
  return atFixedRate(perSecond, perSecond * seconds, async () => {
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

function answersCheck(replacements: Replacements, expected: number): Check {
  const { wrong, example } = replacements.judge();
  const { answered } = replacements;
  return {
    name: "every answer is the certificate for its CSR's key",
    holds: answered === expected && wrong === 0,
    found: `${String(answered)} of ${String(expected)}, ${String(wrong)} wrong ${example}`.trim(),
  };
}
