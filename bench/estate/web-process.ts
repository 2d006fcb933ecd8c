import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Estate } from "../../src/app/estate/estate.ts";
import { startChild } from "../../src/app/processes/child.ts";
import { settingsEnvironment } from "../../src/settings/environment.ts";
import { onExit } from "./leave-nothing.ts";

/** The web process at work. */
export interface WebProcess {
  /** Of its HTTPS server. */
  readonly url: string;
  readonly process: number;
  stop(): Promise<void>;
}

/**
 * Starts the web process (`smki serve`) as `smki up` does.
 *
 * @param nodeOptions - for Node itself: a profiler
 */
export async function startWebProcess(
  { settings, connectionString, paths }: Estate,
  nodeOptions = "",
): Promise<WebProcess> {
  mkdirSync(paths.log, { recursive: true, mode: 0o700 });
  const log = openSync(join(paths.log, "bench.log"), "a", 0o600);
  const child = startChild(
    "serve",
    {
      ...settingsEnvironment(settings),
      DATABASE_URL: connectionString,
      NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} ${nodeOptions}`,
    },
    log,
  );
  const stopping = onExit(async () => {
    child.process.kill("SIGTERM");
    await child.exited;
    closeSync(log);
  });
  const readiness = await child.ready;
  return { url: String(readiness["url"]), process: child.process.pid ?? 0, stop: stopping.now };
}
