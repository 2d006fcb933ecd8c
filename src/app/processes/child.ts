import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";

/** What a child tells when it is at work. */
export type Readiness = Readonly<Record<string, string | number | boolean>>;

/** A process of the service: `serve` or `work`. */
export interface Child {
  readonly role: "serve" | "work";
  readonly process: ChildProcess;
  /** @throws SmkiError PROCESS_FAILED when it ends before it is at work */
  readonly ready: Promise<Readiness>;
  readonly exited: Promise<void>;
}

/**
 * Starts a process of the service. It is given the database and the settings, not the keys' secrets: those it
 * reads itself, and only a worker does.
 *
 * @param logFile - descriptor of the file for its log; our own standard error if left out
 */
export function startChild(
  role: "serve" | "work",
  environment: Readonly<Record<string, string>>,
  logFile?: number,
): Child {
  const main = join(import.meta.dirname, `../main${import.meta.filename.endsWith(".ts") ? ".ts" : ".js"}`);
  const child = spawn(process.execPath, [main, role], {
    env: { ...process.env, ...environment },
    // A session of its own: Ctrl-C in the terminal is for the supervisor, which stops its processes in order.
    detached: true,
    stdio: ["ignore", "ignore", logFile ?? "inherit", "ipc"],
  });
  const ready = Promise.withResolvers<Readiness>();
  const exited = Promise.withResolvers<undefined>();
  child.on("message", (message) => {
    if ((message as Readiness)["ready"] === true) ready.resolve(message as Readiness);
    else ready.reject(failureOf(message));
  });
  child.on("error", (cause) => {
    ready.reject(new SmkiError("PROCESS_FAILED", { role }, { cause }));
    exited.resolve(undefined);
  });
  child.on("exit", (code, signal) => {
    ready.reject(new SmkiError("PROCESS_FAILED", { role, status: code ?? String(signal) }));
    exited.resolve(undefined);
  });
  ready.promise.catch(() => undefined);
  return { role, process: child, ready: ready.promise, exited: exited.promise };
}

/** A coded refusal that a child met at its start is ours to tell. */
function failureOf(message: unknown): Error {
  const { code, details } = message as { code?: string; details?: Record<string, string> };
  return code === undefined ? new SmkiError("PROCESS_FAILED") : new SmkiError(code as never, details);
}
