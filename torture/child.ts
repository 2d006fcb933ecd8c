import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that is to be killed. */
export interface Victim {
  readonly process: ChildProcess;
  /** Resolves when it says that it is at work. @throws when it ends before */
  readonly atWork: Promise<void>;
  /** How it ended: a signal's name, or an exit status; with what it wrote as errors. */
  readonly ended: Promise<{ readonly how: string; readonly errors: string }>;
}

/** Half of a start is compiling. A process that is to be killed writes what it compiled before that, by itself. */
const compileCache = resolve(import.meta.dirname, "../.cache/compile");

/** Starts a program of `processes/`, or another one, with a task as its argument. */
export function startVictim(program: string, task: unknown): Victim {
  const path = program.startsWith("/") ? program : join(import.meta.dirname, "processes", program);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [path, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { NODE_COMPILE_CACHE: compileCache, ...env },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  // The pipe of a process that was killed.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(([status, signal]) => ({
    how: String(signal ?? status),
    errors,
  }));
  const atWork = Promise.race([
    once(child.stdout, "data").then(() => undefined),
    ended.then(({ how, errors: said }) => {
      throw new Error(`the process ended (${how}) before it was at work: ${said}`);
    }),
  ]);
  atWork.catch(() => undefined);
  return { process: child, atWork, ended };
}

/** Waits for something, and says what did not come. */
export async function within<Result>(
  milliseconds: number,
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  const timer = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} did not come within ${String(milliseconds / 1_000)} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
