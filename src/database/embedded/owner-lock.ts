import { accessSync, closeSync, constants, openSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SmkiError } from "../../errors/smki-error.ts";
import { createFile, ownerOf } from "./safe-files.ts";
import { openLockFile, tryFlock } from "./server-lock.ts";

/** Held by the one process that may start a server in a folder. */
export interface OwnerLock {
  release(): Promise<void>;
}

/** Long enough for the glance of another process that asks {@link isOwned}. */
const glance = 250;

/** Result codes of SQLite (sqlite.org/rescode.html). */
const busy = 5;

/** Two spellings of one folder are one lock, of one kind. */
const lockFile = (folder: string): string => join(realpathSync(folder), "owner.lock");

/** Longest path that SQLite opens, in octets (MAX_PATHNAME of its unix VFS is 512, with what it appends). */
const longestPath = 480;

const isTooLong = (file: string): boolean => Buffer.byteLength(file) > longestPath;

const isBusy = (error: unknown): boolean => (error as { errcode?: number }).errcode === busy;

/** Nobody else may open it: who may open a file may lock it. */
function makeLockFile(folder: string): void {
  try {
    closeSync(createFile(lockFile(folder), ownerOf(folder)));
  } catch (error) {
    // It is never opened here once it is there: the kernel drops a process's locks on a file when the process
    // closes any descriptor of it (fcntl(2)). SQLite minds that for its own.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** True while some process, perhaps this one, holds the lock of the folder. */
export function isOwned(folder: string): Promise<boolean> {
  let database: DatabaseSync | undefined;
  try {
    const file = lockFile(folder);
    if (isTooLong(file)) {
      const descriptor = openSync(file, "r");
      const state = tryFlock(descriptor);
      closeSync(descriptor);
      return Promise.resolve(state === "busy");
    }
    database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    database.exec("SELECT 1 FROM sqlite_schema");
    return Promise.resolve(false);
  } catch (error) {
    return Promise.resolve(isBusy(error));
  } finally {
    database?.close();
  }
}

const inUse = (folder: string, cause?: unknown): SmkiError =>
  new SmkiError("DATABASE_FOLDER_IN_USE", { folder }, { cause });

const takesNoLock = (folder: string, cause?: unknown): SmkiError =>
  new SmkiError("DATABASE_FOLDER_NOT_WRITABLE", { folder, reason: "it takes no lock" }, { cause });

/** For a path that SQLite does not open: flock(1) of util-linux locks a file that is open here. */
function takeByDescriptor(folder: string): OwnerLock {
  const descriptor = openLockFile(realpathSync(folder), "owner.lock");
  const state = tryFlock(descriptor);
  if (state !== "taken") {
    closeSync(descriptor);
    throw state === "busy" ? inUse(folder) : takesNoLock(folder);
  }
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) closeSync(descriptor);
      isHeld = false;
      return Promise.resolve();
    },
  };
}

/**
 * Takes the lock, or refuses at once.
 *
 * The lock is the kernel's, on a file in the folder: it ends with its holder, however that dies, and holds
 * between containers and namespaces that share the folder. Node.js gives no way to such a lock but one: an empty
 * SQLite database in an exclusive transaction (its unix VFS locks with fcntl(2)). Nothing is ever written in it.
 * The file stays: to remove it would let two hold the lock, each of another file of that name.
 *
 * @param folder - an existing folder
 * @throws SmkiError DATABASE_FOLDER_IN_USE, DATABASE_FOLDER_NOT_WRITABLE
 */
export async function takeOwnerLock(folder: string): Promise<OwnerLock> {
  makeLockFile(folder);
  if (isTooLong(lockFile(folder))) return takeByDescriptor(folder);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockFile(folder), { timeout: glance });
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) throw inUse(folder, cause);
    accessSync(lockFile(folder), constants.R_OK | constants.W_OK);
    throw takesNoLock(folder, cause);
  }
  const held = database;
  return await Promise.resolve({
    release: () => {
      if (held.isOpen) held.close();
      return Promise.resolve();
    },
  });
}
