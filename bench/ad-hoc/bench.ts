import type { Output } from "../../src/cli/output.ts";
import { hasSoftHsm } from "../estate/soft-token.ts";
import { meanFloor } from "../floor/measure.ts";
import { type BenchResult, type Measurement, quantile, rate, time } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { type AdHocOrder, type AdHocRun, requestsOf, runAdHoc } from "./run.ts";

type Steps = Pick<AdHocOrder, "warmUp" | "closed" | "open">;

const withFile: Steps = {
  warmUp: 1_500,
  closed: [
    { connections: 1, requests: 400 },
    { connections: 16, requests: 6_000 },
    { connections: 64, requests: 8_000 },
  ],
  open: [100, 250, 500].map((perSecond) => ({ perSecond, seconds: 6 })),
};
/** The same, shorter. */
const withToken: Steps = {
  warmUp: 1_500,
  closed: [
    { connections: 1, requests: 200 },
    { connections: 16, requests: 2_000 },
    { connections: 64, requests: 2_000 },
  ],
  open: [{ perSecond: 250, seconds: 6 }],
};
/** What is to be reached at so many connections: milliseconds that 99 of 100 take at the most, and certificates a second. */
const toReach = { connections: 16, longest: 25, least: 1_000 };

/** Replacement certificates through the Ad Hoc Device CSR Web Service, over mutual TLS: how long one takes, how many there are. */
export async function benchAdHoc(output: Output): Promise<BenchResult> {
  const count = Math.max(requestsOf(withFile), requestsOf(withToken));
  const first = await makeRequests(count, output);
  const again = await makeRequests(count, output);
  const run = async (signer: AdHocOrder["signer"], steps: Steps) => {
    const own = requestsOf(steps);
    const csrs = { first: first.requests.slice(0, own), again: again.requests.slice(0, own) };
    const done = await runAdHoc({ signer, ...steps, ...csrs }, output);
    for (const { connections, perSecond } of done.closed)
      output.done(`${signer}, ${connectionsInWords(connections)}: ${perSecond.toFixed(0)} a second`);
    return done;
  };
  const runs: [string, AdHocRun][] = [["encrypted file", await run("encrypted-file", withFile)]];
  if (hasSoftHsm) runs.push(["SoftHSM2", await run("softhsm2", withToken)]);
  return {
    bench: "ad-hoc",
    measurements: runs.flatMap(([name, done]) => figures(name, done)),
    settings: {
      workers: 2,
      "web processes": 1,
      "latency, connections": "from the first octet sent to the last octet read, one request after another",
      "latency, a second": "from the intended moment of sending",
      "seconds to make the CSRs, off the clock": Math.round(first.seconds + again.seconds),
      ...(hasSoftHsm ? {} : { token: "SoftHSM2 is not installed" }),
      ...Object.fromEntries(runs.flatMap(([name, done]) => Object.entries(about(name, done)))),
    },
    checks: runs.flatMap(([name, { checks }]) =>
      checks.map((check) => ({ ...check, name: `${name}: ${check.name}` })),
    ),
  };
}

const connectionsInWords = (count: number): string =>
  count === 1 ? "1 connection" : `${String(count)} connections`;

function figures(name: string, { closed, open, commits, floors }: AdHocRun): Measurement[] {
  const floor = { name: "node:crypto, two threads, before and after", value: meanFloor(floors).rate };
  return [
    ...closed.flatMap(({ connections, perSecond, latencies }) => {
      const at = `${name}, ${connectionsInWords(connections)}`;
      const isJudged = connections === toReach.connections;
      return [
        ...percentiles(at, latencies, commits, isJudged ? toReach.longest : undefined),
        {
          ...rate(at, perSecond, "certificates/s", floor),
          ...(isJudged
            ? { target: `>= ${String(toReach.least)} a second`, reached: perSecond >= toReach.least }
            : {}),
        },
      ];
    }),
    ...open.flatMap(({ perSecond, latencies }) =>
      percentiles(`${name}, ${String(perSecond)} a second`, latencies, commits),
    ),
  ];
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

function about(name: string, { signer, closed }: AdHocRun): Record<string, string> {
  return {
    [`${name}: signer`]: signer,
    ...Object.fromEntries(
      closed.map(({ connections, processorMilliseconds: { web, workers } }) => [
        `${name}, ${connectionsInWords(connections)}: processor ms a certificate`,
        `${web.toFixed(2)} web, ${workers.toFixed(2)} workers`,
      ]),
    ),
  };
}
