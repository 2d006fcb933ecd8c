import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import type { Output } from "../../src/cli/output.ts";
import { startEmbeddedServer } from "../../src/database/embedded/server.ts";
import { submit } from "../bulk/submit.ts";
import { type BenchEstate, foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWorkers } from "../estate/workers.ts";
import { type BenchResult, median, time } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { secondsToFirstAnswer } from "./first-answer.ts";

const starts = 5;
const certificates = 2_000;
const mostSeconds = 3;

/** `smki up` on a data folder that has been in use, to the first answer of its health route. */
export async function benchStartUp(output: Output): Promise<BenchResult> {
  const bench = await foundEstate("encrypted-file");
  try {
    await use(bench, output);
    const floors: number[] = [];
    const seconds: number[] = [];
    const port = await freePort();
    for (let start = 0; start < starts; start += 1) {
      floors.push(await secondsOfParts(bench));
      seconds.push(await secondsToFirstAnswer(bench.settings, port));
    }
    const floor = {
      name: "two Nodes one after the other and PostgreSQL, doing nothing",
      value: median(floors),
    };
    return {
      bench: "start-up",
      measurements: [
        time("smki up to first answer, median", median(seconds), "s", floor, mostSeconds),
        time("smki up to first answer, slowest", Math.max(...seconds), "s", floor),
      ],
      settings: { starts, "certificates in the database": certificates, ended: "in order, by SIGTERM" },
      checks: [],
    };
  } finally {
    await bench.remove();
  }
}

/** Issues something, so that the data folder is no empty one. */
async function use(bench: BenchEstate, output: Output): Promise<void> {
  const { requests } = await makeRequests(certificates, output);
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, 2);
    await submit(estate, bench, requests);
    await workers.stop();
  } finally {
    await closing.now();
  }
}

/** What no service of this make can do without: a supervisor, its server, its web process. */
async function secondsOfParts({ settings }: BenchEstate): Promise<number> {
  const start = performance.now();
  for (let nodes = 0; nodes < 2; nodes += 1) await promisify(execFile)(process.execPath, ["-e", "0"]);
  const server = await startEmbeddedServer({ dataFolder: settings.dataFolder });
  const seconds = (performance.now() - start) / 1000;
  await server.stop();
  return seconds;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<undefined>();
  server.listen(0, "127.0.0.1", () => {
    listening.resolve(undefined);
  });
  await listening.promise;
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
