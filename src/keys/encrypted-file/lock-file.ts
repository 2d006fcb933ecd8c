import { readlink, rm, symlink } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { SmkiError } from "../../errors/smki-error.ts";
import { formatOwner, isGone, parseOwner, thisProcess } from "./lock-owner.ts";

/** A holder writes one small file; whoever waits this long waits for a process that hangs. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 15;

/**
 * Runs `work` while this process alone holds `<file>.lock`, across processes.
 *
 * The lock is a symbolic link whose target is the owner's name. symlink(2) is exclusive, as O_EXCL is, and the name
 * is there from the first moment: a crash cannot leave an empty lock that nobody can judge.
 *
 * @throws SmkiError KEY_STORE_LOCKED when another process holds it for too long
 */
export async function withLock<Answer>(
  file: string,
  work: () => Promise<Answer>,
  patienceMs = PATIENCE_MS,
): Promise<Answer> {
  const lock = `${file}.lock`;
  await acquire(lock, patienceMs);
  try {
    // A crash in here leaves the lock with the name of a process that is gone; the next writer breaks it.
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function acquire(lock: string, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const name = formatOwner(thisProcess());
  while (!(await create(lock, name))) {
    const holder = await read(lock);
    if (holder !== undefined && (await breakIfGone(lock, holder))) continue;
    if (performance.now() > end) {
      const owner = parseOwner(holder ?? "");
      throw new SmkiError("KEY_STORE_LOCKED", {
        lock,
        host: owner?.host ?? "unknown",
        pid: owner?.pid ?? "unknown",
      });
    }
    await pause(PAUSE_MS * (0.5 + Math.random()));
  }
}

/**
 * Removes a lock whose owner is gone. Two processes may find that at once, and the slower must not remove the lock
 * that the faster has taken meanwhile. So the right to remove this one holding is itself taken exclusively, under a
 * name that holds the holding's random token, and the lock is read again after that.
 *
 * @param holder - what the lock said when it was read
 * @returns true when the lock may be asked for again at once
 */
export async function breakIfGone(lock: string, holder: string): Promise<boolean> {
  const owner = parseOwner(holder);
  if (owner === undefined || !isGone(owner)) return false;
  const right = `${lock}.${owner.token}`;
  if (!(await create(right, formatOwner(thisProcess())))) return false;
  // A crash between these lines leaves the right behind, and the lock to be removed by hand, as KEY_STORE_LOCKED says.
  try {
    if ((await read(lock)) === holder) await rm(lock, { force: true });
  } finally {
    await rm(right, { force: true });
  }
  return true;
}

async function create(link: string, name: string): Promise<boolean> {
  try {
    await symlink(name, link);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined when it has gone meanwhile, or is no symbolic link. */
async function read(link: string): Promise<string | undefined> {
  try {
    return await readlink(link);
  } catch {
    return undefined;
  }
}
