import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SignerSettings } from "../settings.ts";

/** A real second process that makes keys in a store. */
export interface KeyMaker {
  readonly process: ChildProcess;
  /** The lines it has written after "ready", so far. */
  readonly lines: readonly string[];
  start(): void;
  /** Resolves when it has ended, with all its lines. */
  readonly ended: Promise<readonly string[]>;
}

/** Starts the process and waits until it has opened the store. */
export async function startKeyMaker(
  settings: SignerSettings,
  labels: readonly string[],
  afterwards: "keep" | "destroy" = "keep",
): Promise<KeyMaker> {
  const task = JSON.stringify({ settings, labels, afterwards });
  const program = join(import.meta.dirname, "key-maker-process.ts");
  const child = spawn(process.execPath, [program, task], { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const isReady = new Promise<void>((resolve, reject) => {
    reader.on("line", (line) => {
      if (line === "ready") resolve();
      else lines.push(line);
    });
    child.once("exit", () => {
      reject(new Error("the process ended before it had opened the store"));
    });
  });
  const ended = Promise.all([once(child, "exit"), once(reader, "close")]).then(() => lines);
  await isReady;
  const start = (): void => {
    child.stdin.end("go\n");
  };
  return { process: child, lines, start, ended };
}
