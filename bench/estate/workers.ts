import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Estate } from "../../src/app/estate/estate.ts";
import { startChild } from "../../src/app/processes/child.ts";
import { settingsEnvironment } from "../../src/settings/environment.ts";
import { onExit } from "./leave-nothing.ts";

/** Worker processes at work. */
export interface Workers {
  /** What they sign with, in their own words. */
  readonly signer: string;
  readonly logFile: string;
  readonly processes: readonly number[];
  stop(): Promise<void>;
}

/**
 * Starts worker processes (`smki work`) as `smki up` does.
 *
 * @param nodeOptions - for Node itself: what is imported first, or a profiler
 */
export async function startWorkers(estate: Estate, count: number, nodeOptions = ""): Promise<Workers> {
  const { settings, connectionString, paths } = estate;
  mkdirSync(paths.log, { recursive: true, mode: 0o700 });
  const logFile = join(paths.log, "bench.log");
  const log = openSync(logFile, "a", 0o600);
  const environment = {
    ...settingsEnvironment(settings),
    DATABASE_URL: connectionString,
    NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} ${nodeOptions}`,
  };
  const children = Array.from({ length: count }, () => startChild("work", environment, log));
  const stopping = onExit(async () => {
    for (const child of children) child.process.kill("SIGTERM");
    await Promise.all(children.map(({ exited }) => exited));
    closeSync(log);
  });
  const [readiness] = await Promise.all(children.map(({ ready }) => ready));
  return {
    signer: String(readiness?.["signer"]),
    logFile,
    processes: children.map(({ process }) => process.pid ?? 0),
    stop: stopping.now,
  };
}
