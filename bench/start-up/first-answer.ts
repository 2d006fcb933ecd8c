import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { settingsEnvironment } from "../../src/settings/environment.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { onExit } from "../estate/leave-nothing.ts";

const patience = 60_000;
const program = join(import.meta.dirname, "../../src/app/main.ts");

/**
 * Starts the service as the command `smki up` does and asks for its health until it answers; then stops it. The shell
 * script around it is left out: it installs packages where they are out of date, and a bench changes no installation.
 *
 * @param port - free, and named in the settings
 * @returns seconds from the start of the command to the first answer that all is well
 */
export async function secondsToFirstAnswer(settings: Settings, port: number): Promise<number> {
  const start = performance.now();
  const service = spawn(process.execPath, [program, "up"], {
    env: { ...process.env, ...settingsEnvironment(settings), SMKI_WEB_PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  const exited = once(service, "exit");
  const stopping = onExit(async () => {
    service.kill("SIGTERM");
    await exited;
  });
  try {
    for (;;) {
      if (await isHealthy(port)) return (performance.now() - start) / 1000;
      if (service.exitCode !== null) throw new Error(`smki up ended with ${String(service.exitCode)}`);
      if (performance.now() - start > patience) throw new Error("smki up did not answer");
      await sleep(5);
    }
  } finally {
    await stopping.now();
  }
}

async function isHealthy(port: number): Promise<boolean> {
  const answered = Promise.withResolvers<boolean>();
  // What is measured is when it answers, not who it is.
  const asked = request(
    { host: "127.0.0.1", port, path: "/api/v1/health", rejectUnauthorized: false, agent: false },
    (response) => {
      response.resume();
      answered.resolve(response.statusCode === 200);
    },
  );
  asked.on("error", () => {
    answered.resolve(false);
  });
  asked.end();
  return answered.promise;
}
