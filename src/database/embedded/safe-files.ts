import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import type { ServerUser } from "./server-user.ts";

/*
 * Root works here in folders that another user owns, who could put a link, a pipe or another file in the place of
 * any name at any moment. So a file is made and given away by its descriptor, never by its name.
 */

/** More than any file that is read here ever holds, in octets. */
const longestFile = 1_048_576;

/**
 * Makes a new file of mode 0600 and gives it to its user.
 *
 * @returns its descriptor, open for reading and writing
 * @throws the file system's EEXIST, whatever it is that has the name
 */
export function createFile(path: string, user: ServerUser | undefined): number {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (user !== undefined) fchownSync(descriptor, user.uid, user.gid);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Reads a text file; undefined where there is none, or the name is that of a link, a pipe or anything else. */
export function readPlainFile(path: string): string | undefined {
  let descriptor: number;
  try {
    // A pipe would keep us waiting for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(descriptor);
    return status.isFile() && status.size <= longestFile ? readFileSync(descriptor, "utf8") : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Whom a folder belongs to, for root, who leaves nothing in it that its owner could not open. */
export function ownerOf(folder: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}

/** Removes a folder. rm(1) goes by descriptors; a link that is put in its way meanwhile is not followed. */
export function removeFolder(folder: string): void {
  const { status } = spawnSync("rm", ["-rf", "--", folder], { stdio: "ignore" });
  if (status !== 0) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
