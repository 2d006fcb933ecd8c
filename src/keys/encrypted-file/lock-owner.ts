import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lock: enough to tell on the same machine whether that process still runs. */
export interface LockOwner {
  readonly host: string;
  /** This boot of this machine, and this namespace of process ids; two containers may use one folder. */
  readonly scope: string;
  readonly pid: number;
  /** The process's start, in ticks since boot (proc(5), field 22): a later process may get the same id. */
  readonly started: string;
  /** Random: no two holdings of a lock are alike. */
  readonly token: string;
}

export function thisProcess(): LockOwner {
  const token = randomBytes(8).toString("hex");
  return { host: hostname(), scope: currentScope(), pid: process.pid, started: startOf(process.pid), token };
}

export function formatOwner(owner: LockOwner): string {
  return [owner.host, owner.scope, String(owner.pid), owner.started, owner.token].join(" ");
}

/** Undefined for a text that {@link formatOwner} did not write. */
export function parseOwner(text: string): LockOwner | undefined {
  const [host, scope, pid, started, token, ...rest] = text.split(" ");
  if (host === undefined || scope === undefined || started === undefined || token === undefined)
    return undefined;
  if (rest.length > 0 || !/^[1-9][0-9]{0,9}$/u.test(pid ?? "") || !/^[0-9a-f]{16}$/u.test(token))
    return undefined;
  return { host, scope, pid: Number(pid), started, token };
}

/** True only when it is certain that the owner no longer runs; a lock from elsewhere is never judged. */
export function isGone(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return false;
  const [boot, namespace] = owner.scope.split(",");
  const [thisBoot, thisNamespace] = currentScope().split(",");
  if (boot !== thisBoot) return true;
  if (namespace !== thisNamespace) return false;
  return !isRunning(owner.pid) || startOf(owner.pid) !== owner.started;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function currentScope(): string {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  return `${boot},${namespace}`;
}

function startOf(pid: number): string {
  // The command name, in parentheses, may hold spaces; the fields are counted after it.
  return attempt(() => {
    const status = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "-";
  });
}

/** "-" where the system does not say, as on macOS: then the process id alone decides. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "-";
  }
}
