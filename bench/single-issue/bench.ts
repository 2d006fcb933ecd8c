import type { Output } from "../../src/cli/output.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWorkers } from "../estate/workers.ts";
import { type BenchResult, type Measurement, quantile, time } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { issueOne, prepareCommits, threeCommits } from "./issue-one.ts";
import { atFixedRate, oneAfterAnother } from "./latencies.ts";

const warmUp = 300;
const oneByOne = 400;
/** CSRs a second, each for some seconds. */
const offered = [50, 100, 200];
const offeredSeconds = 8;

/** One CSR to its certificate, durable, through the library and a worker process: how long a single one takes. */
export async function benchSingleIssue(output: Output): Promise<BenchResult> {
  const count = warmUp + oneByOne + offered.reduce((total, rate) => total + rate * offeredSeconds, 0);
  const requests = [...(await makeRequests(count, output)).requests];
  const bench = await foundEstate("encrypted-file");
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, 2);
    const next = () => issueOne(estate, bench, requests.pop() ?? Buffer.alloc(0));
    await prepareCommits(estate);
    await oneAfterAnother(warmUp, next);
    await oneAfterAnother(warmUp, () => threeCommits(estate));
    const commits = await oneAfterAnother(oneByOne, () => threeCommits(estate));
    const measurements = figures("one at a time", await oneAfterAnother(oneByOne, next), commits);
    for (const rate of offered) {
      const title = `${String(rate)} a second`;
      const latencies = await output.progress(title, rate * offeredSeconds, (advance) =>
        atFixedRate(rate, rate * offeredSeconds, () =>
          next().then(() => {
            advance();
          }),
        ),
      );
      measurements.push(...figures(title, latencies, commits));
    }
    await workers.stop();
    return {
      bench: "single-issue",
      measurements,
      settings: {
        "one at a time": oneByOne,
        "at each rate, seconds": offeredSeconds,
        workers: 2,
        signer: workers.signer,
        latency: "from the intended moment of sending to the certificate read back",
      },
      checks: durabilityChecks(await serverSettings(estate), estate.paths.data),
    };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

function figures(name: string, latencies: readonly number[], commits: readonly number[]): Measurement[] {
  return [0.5, 0.99].map((share) => {
    const floor = {
      name: `three commits one after another, ${percentile(share)}`,
      value: quantile(commits, share),
    };
    return time(`${name}, ${percentile(share)}`, quantile(latencies, share), "ms", floor);
  });
}

const percentile = (share: number): string => `p${String(Math.round(share * 100))}`;
