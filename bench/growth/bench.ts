import type { Estate } from "../../src/app/estate/estate.ts";
import type { Output } from "../../src/cli/output.ts";
import { checkEstate } from "../bulk/checks.ts";
import { killServer } from "../bulk/kill-server.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { submit } from "../bulk/submit.ts";
import { type BenchEstate, foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWorkers } from "../estate/workers.ts";
import { type BenchResult, type Measurement, time } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { registerSupplier } from "../web/estate.ts";
import { fill } from "./fill.ts";
import { fillerAuthorities, findTemplates, singlesOfAThousand } from "./filler.ts";
import { type Cost, measureCost } from "./measure.ts";
import { storage } from "./storage.ts";

/** The first size, unless less is asked for; each that follows has ten times as many certificates. */
const smallest = 10_000;
const mostMeasured = 10_000;
const workerCount = 2;
/** The most that a certificate may cost at any size, of what it costs at the first. */
const mostGrowth = 1.3;
/** Issued before the first size, since a service runs for years; what the filler is copied from is among them. */
const warmUp = { batch: 1_000 - singlesOfAThousand, single: 1, rest: 3_009 } as const;
const warmUpCount = warmUp.batch + warmUp.single + warmUp.rest;

/** What a certificate costs, from its receipt to its leaf under a checkpoint, as more and more are stored. */
export async function benchGrowth(
  output: Output,
  { certificates }: { readonly certificates: number },
): Promise<BenchResult> {
  if (certificates < warmUpCount) throw new Error(`growth begins with ${words(warmUpCount)} certificates`);
  const sizes = [Math.min(smallest, certificates)];
  for (let size = smallest * 10; size <= certificates; size *= 10) sizes.push(size);
  const measuredAtEach = Math.min(mostMeasured, certificates);
  const { requests } = await makeRequests(warmUpCount + sizes.length * measuredAtEach, output, {
    spread: true,
  });
  const bench = await foundEstate("encrypted-file");
  let estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, workerCount);
    const queue = [...requests];
    await submit(estate, bench, queue.splice(0, warmUp.batch));
    await submit(estate, bench, queue.splice(0, warmUp.single));
    const { costs, measurements } = await grow(estate, bench, workers, queue, sizes, measuredAtEach, output);
    await workers.stop();
    const server = await serverSettings(estate);
    const checks = durabilityChecks(server, estate.paths.data);
    checks.push(...(await checkEstate(estate, requests.length, "as issued", output, fillerAuthorities)));
    await killServer(estate);
    estate = await bench.open();
    checks.push(
      ...(await checkEstate(estate, requests.length, "after kill -9 and restart", output, fillerAuthorities)),
    );
    return {
      bench: "growth",
      measurements: [
        ...costs.flatMap(({ size, cost }) => figures(size, cost, costs[0]?.cost)),
        ...measurements,
      ],
      settings: {
        "measured at each size": measuredAtEach,
        workers: workerCount,
        signer: workers.signer,
        "what is stored":
          "filler: a row in each table and a leaf for each certificate, with random keys, identifiers and signatures",
        "of every thousand CSRs alone, not in a batch": singlesOfAThousand,
        "indexes with random keys": "made anew with pages as full as they would be by then, 69 percent",
        PostgreSQL: server.server_version,
      },
      checks,
    };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

interface CostAtSize {
  readonly size: number;
  readonly cost: Cost;
}

async function grow(
  estate: Estate,
  bench: BenchEstate,
  workers: Awaited<ReturnType<typeof startWorkers>>,
  queue: Buffer[],
  sizes: readonly number[],
  measured: number,
  output: Output,
): Promise<{ costs: CostAtSize[]; measurements: Measurement[] }> {
  await registerSupplier(estate, bench);
  const templates = await findTemplates(estate, bench.partyId);
  await submit(estate, bench, queue.splice(0, warmUp.rest));
  const costs: CostAtSize[] = [];
  let measurements: Measurement[] = [];
  let [issued, filled] = [warmUpCount, 0];
  for (const size of sizes) {
    const start = performance.now();
    await fill(estate, bench, templates, filled, size - issued, output);
    filled = size - issued;
    output.done(`${words(size)} stored, in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
    measurements = await storage(estate, size);
    const cost = await measureCost(estate, bench, workers, queue.splice(0, measured));
    issued += measured;
    costs.push({ size, cost });
    output.done(
      `${words(size)}: ${(cost.workers + cost.server).toFixed(3)} ms of processor a certificate, ${cost.server.toFixed(3)} of it PostgreSQL`,
    );
  }
  return { costs, measurements };
}

const words = (size: number): string => size.toLocaleString("en-GB");

function figures(size: number, cost: Cost, first: Cost = cost): Measurement[] {
  const at = `at ${words(size)} stored`;
  const growth = (now: number, then: number): Pick<Measurement, "target" | "reached"> =>
    cost === first
      ? {}
      : {
          target: `<= ${String(mostGrowth)} times the first, is ${(now / then).toFixed(2)}`,
          reached: now <= mostGrowth * then,
        };
  const processor = ({ workers, server }: Cost) => workers + server;
  return [
    {
      ...time(`${at}, processor time`, processor(cost), "ms", {
        name: "node:crypto, processor time",
        value: 1_000 / cost.floor.perProcessorSecond,
      }),
      ...growth(processor(cost), processor(first)),
    },
    { name: `${at}, of that the workers`, value: cost.workers, unit: "ms" },
    { name: `${at}, of that PostgreSQL`, value: cost.server, unit: "ms" },
    {
      ...time(`${at}, by the clock`, cost.milliseconds, "ms", {
        name: "node:crypto, two threads, by the clock",
        value: 1_000 / cost.floor.rate,
      }),
      ...growth(cost.milliseconds, first.milliseconds),
    },
    { name: `${at}, write-ahead log`, value: cost.log, unit: "octets" },
  ];
}
