import type { Output } from "../../src/cli/output.ts";
import { hasSoftHsm } from "../estate/soft-token.ts";
import { meanFloor } from "../floor/measure.ts";
import { type BenchResult, type Check, type Measurement, rate } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { prepare } from "./client.ts";
import { type NightRun, runNight } from "./run.ts";

const warmUpCount = 25_000;
/** The night's capacity of Great Britain, 375,000 CSRs, in batches of the size that the Code allows. */
const batchesOfANight = 7.5;

/** What a run has to reach. */
interface Night {
  readonly name: string;
  readonly certificates: number;
  readonly batchSize: number;
  readonly leastRatio: number;
}

/** One batch through the Batched Device CSR Web Service. @param count - CSRs in it */
export const benchBatch = (output: Output, { count }: { readonly count: number }): Promise<BenchResult> =>
  benchNight(output, {
    name: `batch-${String(count)}`,
    certificates: count,
    batchSize: count,
    leastRatio: 0.5,
  });

/** A whole night: seven and a half batches in a row. @param count - CSRs in each whole one */
export const benchWholeNight = (
  output: Output,
  { count }: { readonly count: number },
): Promise<BenchResult> =>
  benchNight(output, {
    name: `batch-${String(count * batchesOfANight)}`,
    certificates: Math.round(count * batchesOfANight),
    batchSize: count,
    leastRatio: 0.45,
  });

/**
 * Batches through the published web service over mutual TLS, its client on the same processors: from the first octet sent
 * to the last octet of the last result read. Once for each signer.
 */
async function benchNight(output: Output, night: Night): Promise<BenchResult> {
  const { certificates, batchSize } = night;
  const made = await makeRequests(certificates + warmUpCount, output);
  const order = {
    batches: await prepare(made.requests.slice(0, certificates), batchSize),
    warmUp: await prepare(made.requests.slice(certificates), batchSize),
  };
  const step = async (what: string, signer: "encrypted-file" | "softhsm2") => {
    const run = await runNight({ ...order, signer }, output);
    output.done(`${what}: ${run.rate.toFixed(0)} certificates/s`);
    return run;
  };
  const runs: [string, NightRun][] = [["encrypted file", await step("encrypted file", "encrypted-file")]];
  if (hasSoftHsm) runs.push(["SoftHSM2", await step("SoftHSM2", "softhsm2")]);
  return {
    bench: night.name,
    measurements: runs.flatMap(([name, run]) => figures(name, run, night.leastRatio)),
    settings: {
      certificates,
      "batches in a row": order.batches.length,
      "warm-up certificates, not counted": warmUpCount,
      "web processes": 1,
      workers: 2,
      "processing window": "always",
      "seconds to make the CSRs, off the clock": Math.round(made.seconds),
      ...(hasSoftHsm ? {} : { token: "SoftHSM2 is not installed" }),
      ...Object.fromEntries(runs.flatMap(([name, run]) => Object.entries(about(name, run)))),
    },
    checks: runs.flatMap(([name, run]) => checksOf(name, run, certificates)),
  };
}

function figures(name: string, run: NightRun, leastRatio: number): Measurement[] {
  const floor = meanFloor(run.floors);
  const { web, workers, server, client } = run.processor;
  return [
    rate(
      name,
      run.rate,
      "certificates/s",
      { name: "node:crypto, two threads, before and after", value: floor.rate },
      leastRatio,
    ),
    rate(
      `${name}, by processor time`,
      run.certificates / (web + workers + server + client),
      "certificates/s",
      { name: "node:crypto, one processor second", value: floor.perProcessorSecond },
    ),
  ];
}

function about(name: string, run: NightRun): Record<string, string | number> {
  const { web, workers, server, client } = run.processor;
  const seconds = (value: number) => value.toFixed(1);
  return {
    [`${name}: signer`]: run.signer,
    [`${name}: seconds`]: `${seconds(run.acknowledged)} acknowledged, ${seconds(run.seconds)} fetched, ${seconds(run.sequenced)} sequenced`,
    [`${name}: processor seconds`]: `${seconds(web)} web, ${seconds(workers)} workers, ${seconds(server)} PostgreSQL, ${seconds(client)} client`,
    [`${name}: peak megabytes`]: `${String(run.peakMegabytes.web)} web, ${String(run.peakMegabytes.worker)} of a worker`,
    [`${name}: hand-overs of Issuing DCAs`]: run.handOvers,
    [`${name}: PostgreSQL`]: run.server.server_version,
  };
}

/** Certificates of one Issuing DCA; a night is more than three of them have. */
const ofOneIssuingDca = 100_000;

function checksOf(name: string, { checks, handOvers }: NightRun, certificates: number): Check[] {
  const expected = Math.ceil((certificates + warmUpCount) / ofOneIssuingDca) - 1;
  const handedOver = {
    name: "hand-overs of Issuing DCAs",
    holds: handOvers === expected,
    found: `${String(handOvers)} of ${String(expected)}`,
  };
  return [...checks, handedOver].map((check) => ({ ...check, name: `${name}: ${check.name}` }));
}
