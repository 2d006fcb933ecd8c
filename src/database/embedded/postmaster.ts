import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SmkiError } from "../../errors/smki-error.ts";
import { readPlainFile } from "./safe-files.ts";

/** What a running server says of itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  /** The folder of its Unix socket; empty while it starts. */
  readonly socketFolder: string;
  /** `ready` once it takes connections. */
  readonly status: string;
}

/** Reads `postmaster.pid` of a cluster; undefined when there is none or it is still being written. */
export function readPostmaster(clusterFolder: string): Postmaster | undefined {
  const lines = readPlainFile(join(clusterFolder, "postmaster.pid"))?.split("\n") ?? [];
  const pid = Number.parseInt(lines[0] ?? "", 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, socketFolder: (lines[4] ?? "").trim(), status: (lines[7] ?? "").trim() };
}

/** A killed process may stay in the table, dead, until its parent reads its status: state Z of proc(5). */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The command name, in parentheses, may itself hold spaces and parentheses.
    return status.slice(status.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/**
 * Every living process of the server of a cluster: those whose working folder it is. This holds where a
 * number in a lock file does not, since numbers are used again after a reboot.
 */
function serverProcesses(clusterFolder: string): number[] {
  const pid = readPostmaster(clusterFolder)?.pid;
  const fallback = pid !== undefined && isAlive(pid) ? [pid] : [];
  if (!existsSync("/proc/self/cwd")) return fallback;
  const { dev, ino } = statSync(clusterFolder);
  return readdirSync("/proc")
    .map(Number)
    .filter((candidate) => {
      if (!Number.isSafeInteger(candidate) || candidate === process.pid) return false;
      try {
        const folder = statSync(`/proc/${String(candidate)}/cwd`);
        return folder.dev === dev && folder.ino === ino && !isZombie(candidate);
      } catch {
        return false;
      }
    });
}

/** Kills whatever works in a folder that is about to be removed. */
export function killProcessesIn(folder: string): void {
  for (const pid of serverProcesses(folder)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself, or is another user's and keeps us from removing the folder: that is then said.
    }
  }
}

/** True when any process of the cluster's server is seen from here. */
export const isSeen = (clusterFolder: string): boolean => serverProcesses(clusterFolder).length > 0;

/** True when the server that `postmaster.pid` names really runs in this cluster. */
export function isRunning(clusterFolder: string, postmaster: Postmaster): boolean {
  return serverProcesses(clusterFolder).includes(postmaster.pid);
}

async function waitUntilGone(clusterFolder: string, milliseconds: number): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    if (serverProcesses(clusterFolder).length === 0) return true;
    await sleep(20);
  }
  return false;
}

/**
 * Stops a server whose owner died without stopping it, and removes what it left. The caller holds the
 * owner's lock, so nobody is using it through us, and has judged that it is an orphan of this very place. A fast shutdown first (SIGINT), which ends open
 * transactions as a crash would; then an immediate one (SIGQUIT), after which the write-ahead log is replayed.
 *
 * @throws SmkiError DATABASE_FOLDER_IN_USE when it cannot be stopped
 */
export async function stopOrphan(clusterFolder: string): Promise<void> {
  const orphan = readPostmaster(clusterFolder);
  if (orphan === undefined) return;
  for (const [signal, patience] of [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
  ] as const) {
    if (!isRunning(clusterFolder, orphan)) break;
    try {
      process.kill(orphan.pid, signal);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EPERM")
        throw new SmkiError("DATABASE_FOLDER_IN_USE", { folder: clusterFolder, pid: orphan.pid }, { cause });
    }
    await waitUntilGone(clusterFolder, patience);
  }
  // A postmaster killed outright leaves processes that notice within a moment.
  if (!(await waitUntilGone(clusterFolder, 10_000)))
    throw new SmkiError("DATABASE_FOLDER_IN_USE", { folder: clusterFolder, pid: orphan.pid });
}

/** Removes the lock file of a server that has ended. */
export function removePostmasterFile(clusterFolder: string): void {
  rmSync(join(clusterFolder, "postmaster.pid"), { force: true });
}
