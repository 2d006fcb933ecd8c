import type { Output } from "../../src/cli/output.ts";
import { hasSoftHsm } from "../estate/soft-token.ts";
import { meanFloor } from "../floor/measure.ts";
import { opensslSpeed } from "../floor/openssl-speed.ts";
import { type BenchResult, type Check, type Measurement, rate } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { type BulkRun, runBulk } from "./run.ts";

const warmUpCount = 4_000;

/**
 * Bulk issue through the library: receive, two worker processes, lint before and after signing, ledger, database; from
 * the first row sent to the last certificate published and its act under a signed checkpoint. Once for each signer,
 * and once without the ledger for the price of keeping one.
 */
export async function benchBulk(output: Output, { count }: { readonly count: number }): Promise<BenchResult> {
  const made = await makeRequests(count + warmUpCount, output);
  const order = { requests: made.requests.slice(0, count), warmUp: made.requests.slice(count) };
  const step = async (what: string, signer: "encrypted-file" | "softhsm2", ledger: boolean) => {
    const run = await runBulk({ ...order, signer, ledger }, output);
    output.done(`${what}: ${String(Math.round(run.rate))} certificates/s`);
    return run;
  };
  const file = await step("encrypted file", "encrypted-file", true);
  const bare = await step("encrypted file, no ledger", "encrypted-file", false);
  const token = hasSoftHsm ? await step("SoftHSM2", "softhsm2", true) : undefined;
  const openssl = await opensslSpeed(2);
  return {
    bench: `bulk-${String(count)}`,
    measurements: [
      ...figures("encrypted file", file),
      ...(token === undefined ? [] : figures("SoftHSM2", token)),
      ...figures("encrypted file, no ledger", bare).slice(0, 1).map(withoutTarget),
      ...priceOfLedger(file, bare),
    ],
    settings: {
      certificates: count,
      "warm-up certificates, not counted": warmUpCount,
      workers: 2,
      "processing window": "always",
      "seconds to make the CSRs, off the clock": Math.round(made.seconds),
      "openssl speed, 2 processes, 1 sign and 2 verifies": Math.round(openssl?.certificates ?? 0),
      ...about("file", file),
      ...(token === undefined ? { token: "SoftHSM2 is not installed" } : about("token", token)),
    },
    checks: [
      ...labelled("encrypted file", file),
      ...(token === undefined ? [] : labelled("SoftHSM2", token)),
    ],
  };
}

function figures(name: string, run: BulkRun): Measurement[] {
  const floor = meanFloor(run.floors);
  return [
    rate(
      name,
      run.rate,
      "certificates/s",
      { name: "node:crypto, two threads, before and after", value: floor.rate },
      0.5,
    ),
    rate(`${name}, by processor time`, perProcessorSecond(run), "certificates/s", {
      name: "node:crypto, one processor second",
      value: floor.perProcessorSecond,
    }),
  ];
}

function withoutTarget({ target: _target, reached: _reached, ...rest }: Measurement): Measurement {
  return rest;
}

/**
 * What keeping the ledger costs. By the clock each run counts as a share of the floor of its own minutes, so that a
 * machine that others slow down meanwhile does not decide; by processor time they hardly matter.
 */
function priceOfLedger(file: BulkRun, bare: BulkRun): Measurement[] {
  const share = ({ rate: value, floors }: BulkRun) => value / meanFloor(floors).rate;
  return [
    rate(
      "with ledger, by the clock",
      share(file),
      "of its floor",
      { name: "without ledger, likewise", value: share(bare) },
      0.9,
    ),
    rate(
      "with ledger, by processor time",
      perProcessorSecond(file),
      "certificates/s",
      { name: "without ledger, likewise", value: perProcessorSecond(bare) },
      0.9,
    ),
  ];
}

function perProcessorSecond({ rate: value, seconds, processor }: BulkRun): number {
  return (value * seconds) / (processor.workers + processor.server + processor.client);
}

function about(prefix: string, run: BulkRun): Record<string, string | number> {
  const { workers, server, client } = run.processor;
  const seconds = (value: number) => value.toFixed(1);
  return {
    [`${prefix}: signer`]: run.signer,
    [`${prefix}: seconds`]: `${seconds(run.received)} received, ${seconds(run.published)} published, ${seconds(run.seconds)} sequenced`,
    [`${prefix}: processor seconds`]: `${seconds(workers)} workers, ${seconds(server)} PostgreSQL, ${seconds(client)} client`,
    [`${prefix}: peak megabytes of a worker`]: run.peakMegabytesOfAWorker,
    [`${prefix}: PostgreSQL`]: run.server.server_version,
  };
}

function labelled(label: string, { checks }: BulkRun): Check[] {
  return checks.map((check) => ({ ...check, name: `${label}: ${check.name}` }));
}
