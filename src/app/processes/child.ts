import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { catalogue, type ErrorCode } from "../../errors/catalogue.ts";
import { type ErrorDetails, SmkiError } from "../../errors/smki-error.ts";

/** What a child tells when it is at work. */
export type Readiness = Readonly<Record<string, string | number | boolean>>;

/** A process of the service: `serve` or `work`. */
export interface Child {
  readonly role: "serve" | "work";
  readonly process: ChildProcess;
  /** @throws SmkiError the refusal that the child met at its start, or PROCESS_FAILED when it ended without a word */
  readonly ready: Promise<Readiness>;
  readonly exited: Promise<void>;
  /** The coded failure that it ended with, as far as it has told. */
  readonly lastWords: () => SmkiError | undefined;
}

/**
 * What Node is started with. A worker reads, builds and checks thousands of small things a second, which live for one
 * chunk: with room for them (three times so many MiB at the most) a twentieth of its processor time is not spent on
 * clearing up. An operator who starts `smki work` gives the same in NODE_OPTIONS.
 */
const nodeOptions = { serve: [], work: ["--max-semi-space-size=64"] } as const;

/**
 * Starts a process of the service. It is given the database and the settings, not the keys' secrets: those it
 * reads itself, and only a worker does.
 *
 * @param log - descriptor of the file for its log; our own standard error if left out
 * @param logFile - the file's name, for a failure to tell
 */
export function startChild(
  role: "serve" | "work",
  environment: Readonly<Record<string, string>>,
  log?: number,
  logFile = "standard error",
): Child {
  const main = join(import.meta.dirname, `../main${import.meta.filename.endsWith(".ts") ? ".ts" : ".js"}`);
  const child = spawn(process.execPath, [...nodeOptions[role], main, role], {
    env: { ...process.env, ...environment },
    // A session of its own: Ctrl-C in the terminal is for the supervisor, which stops its processes in order.
    detached: true,
    stdio: ["ignore", "ignore", log ?? "inherit", "ipc"],
  });
  const ready = Promise.withResolvers<Readiness>();
  const exited = Promise.withResolvers<undefined>();
  let said: SmkiError | undefined;
  child.on("message", (message) => {
    if ((message as Readiness)["ready"] === true) ready.resolve(message as Readiness);
    else ready.reject((said = failureOf(message)) ?? new SmkiError("PROCESS_FAILED", { role, log: logFile }));
  });
  child.on("error", (cause) => {
    ready.reject(new SmkiError("PROCESS_FAILED", { role, log: logFile }, { cause }));
    exited.resolve(undefined);
  });
  child.on("exit", () => {
    exited.resolve(undefined);
  });
  // Only when the channel is closed too: what a child said last may be read after its end.
  child.on("close", (code, signal) => {
    ready.reject(new SmkiError("PROCESS_FAILED", { role, status: code ?? String(signal), log: logFile }));
  });
  ready.promise.catch(() => undefined);
  return { role, process: child, ready: ready.promise, exited: exited.promise, lastWords: () => said };
}

/** A coded refusal that a child met is ours to tell; what else it says has a code of Node's or none. */
function failureOf(message: unknown): SmkiError | undefined {
  const { code, details } = message as { code?: unknown; details?: ErrorDetails };
  if (typeof code !== "string" || !Object.hasOwn(catalogue, code)) return undefined;
  return new SmkiError(code as ErrorCode, details);
}
