import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ExtractStep } from "../make-extract.ts";

/** What the process of extract-process.ts is told to do. */
export interface ExtractTask {
  readonly connectionString: string;
  readonly folder: string;
  /** ISO 8601. */
  readonly now: string;
  readonly kind: "full" | "delta";
  readonly partSize: number;
  /** When the process kills itself: the so many-th time that a step is done, or so long after it began. */
  readonly killAfter: {
    readonly step?: ExtractStep;
    readonly times?: number;
    readonly milliseconds?: number;
  };
}

const program = new URL("./extract-process.ts", import.meta.url).pathname;

/** Runs it. @returns the signal that ended it; null when it came to its end */
export async function runExtractProcess(task: ExtractTask): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal;
}
