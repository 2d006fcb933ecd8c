import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { until } from "./smki.ts";

/** The process whose end is the end of the run: vitest's own, which is a worker process's parent. */
const runPid = process.env["VITEST"] !== undefined && isMainThread ? process.ppid : process.pid;

/** Waits in a process of its own for the run's end, and removes the folder. */
const remover = `
  const { rmSync } = require("node:fs");
  const [pid, folder] = process.argv.slice(1);
  const look = () => {
    try { process.kill(Number(pid), 0); } catch { rmSync(folder, { recursive: true, force: true }); process.exit(); }
  };
  setInterval(look, 200);`;

/**
 * Makes a folder once in a test run, whichever test file asks first; it is removed when the run ends.
 *
 * @param make - is given the path of a folder that does not exist yet
 * @returns the folder, for reading only
 */
export async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(tmpdir(), `smki-t-run-${String(runPid)}-${name}`);
  const [made, failed, being] = ["made", "failed", "being-made"].map((state) => join(folder, state)) as [
    string,
    string,
    string,
  ];
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await until(() => (existsSync(made) || existsSync(failed) ? true : undefined), 90_000);
    if (existsSync(failed))
      throw new Error(`${name} could not be made; see the first test file that failed`, { cause: error });
    return made;
  }
  const options = { detached: true, stdio: "ignore" } as const;
  spawn(process.execPath, ["-e", remover, String(runPid), folder], options).unref();
  try {
    await make(being);
    renameSync(being, made);
    return made;
  } catch (error) {
    rmSync(being, { recursive: true, force: true });
    mkdirSync(failed);
    throw error;
  }
}
