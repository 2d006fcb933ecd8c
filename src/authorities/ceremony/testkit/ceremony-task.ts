import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { SignerSettings } from "../../../keys/settings.ts";
import type { CeremonyOrder } from "../ceremony-order.ts";
import type { CeremonyStep } from "../ceremony-room.ts";

/** What a process of its own is to do, and where it is to end. */
export interface CeremonyTask {
  readonly connectionString: string;
  readonly ceremonyStore: SignerSettings;
  readonly operationalStore: SignerSettings;
  /** Origin of the ledger, and the file of its last checkpoint. */
  readonly origin: string;
  readonly checkpointStore: string;
  /** The clock stands there; that of the machine when left out. */
  readonly now?: string;
  readonly stockSize: number;
  readonly work: CeremonyOrder | "resume" | "abandon";
  /** Where the process kills itself. */
  readonly killAt?: KillPoint;
}

/** A point of a ceremony, at its so-and-so-manieth time (the first when left out), or about one step of the journal. */
export interface KillPoint {
  readonly step: CeremonyStep;
  readonly journaled?: string;
  readonly occurrence?: number;
}

/** How the process ended. */
export interface EndOfCeremony {
  /** `SIGKILL` when it came to the point where it was to end. */
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  /** The signed record, when it came to its end. */
  readonly note: string;
  readonly errors: string;
}

/** Does the task in a process of its own, and waits for its end. */
export async function runCeremonyProcess(task: CeremonyTask): Promise<EndOfCeremony> {
  const child = spawn(
    process.execPath,
    [`${import.meta.dirname}/ceremony-process.ts`, JSON.stringify(task)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      // Many are started one after the other: what one has compiled, the next need not.
      env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(task.checkpointStore), "compiled") },
    },
  );
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const [note, errors, [status, signal]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { signal, status, note, errors };
}
