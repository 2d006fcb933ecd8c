import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFile, ownerOf } from "./safe-files.ts";

/** A lock that the server itself holds, as long as one of its processes lives, wherever that runs on this kernel. */
export interface ServerLock {
  /**
   * `taken`: no process of a server that was started with the lock lives. `busy`: one does. `unknown`: there is no
   * flock(1) of util-linux here, or the file system takes no such lock.
   */
  readonly state: "taken" | "busy" | "unknown";
  /** To be handed on to the server, which inherits the lock with it (flock(2)). */
  readonly descriptor: number;
  /** Gives up our own hold; a server that was given the descriptor keeps the lock. */
  close(): void;
}

/** Anything but 1, which is also what a failure gives. */
const busyStatus = 77;

/** Opens a lock file of a folder, making it, for the folder's owner, if it is missing. */
export function openLockFile(folder: string, name: string): number {
  const file = join(folder, name);
  try {
    return createFile(file, ownerOf(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
  }
}

/** Locks an open file by flock(1); the lock ends when every descriptor of that opening is closed. */
export function tryFlock(descriptor: number): ServerLock["state"] {
  // The lock belongs to the open file, not to the process: it stays when flock has ended.
  const { status } = spawnSync("flock", ["--nonblock", "--conflict-exit-code", String(busyStatus), "3"], {
    stdio: ["ignore", "ignore", "ignore", descriptor],
  });
  if (status === 0) return "taken";
  return status === busyStatus ? "busy" : "unknown";
}

/**
 * Tries to take the server's lock. The caller holds the owner's lock, so whoever has this one is an orphan, which
 * may be about to end: it is given that time.
 *
 * @param home - the folder that holds the cluster; the file is ours alone to open
 * @param patience - in milliseconds
 */
export async function takeServerLock(home: string, patience: number): Promise<ServerLock> {
  const descriptor = openLockFile(home, "server.lock");
  const end = performance.now() + patience;
  let state = tryFlock(descriptor);
  while (state === "busy" && performance.now() < end) {
    await sleep(50);
    state = tryFlock(descriptor);
  }
  let isOpen = true;
  return {
    state,
    descriptor,
    close: () => {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
