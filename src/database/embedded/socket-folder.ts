import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { removeFolder } from "./safe-files.ts";
import { giveTo, type ServerUser } from "./server-user.ts";

/** sun_path holds 108 octets (unix(7)); "/.s.PGSQL.5432" and the final zero take the rest. */
const longestFolder = 93;
const prefix = "smki-db-";

/** Where a socket's folder may be made: first where a cleaner of temporary files never comes. */
function parents(): string[] {
  const runtime = process.getuid?.() === 0 ? "/run" : process.env["XDG_RUNTIME_DIR"];
  return [...(runtime === undefined ? [] : [runtime]), tmpdir(), "/tmp", "/var/tmp"];
}

function isUsable(parent: string): boolean {
  if (join(parent, `${prefix}XXXXXX`).length > longestFolder) return false;
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where it is written down, beside the cluster, until it is removed. */
const noteOf = (home: string): string => join(home, "socket-folder");

/**
 * Makes a folder that only the server's user (and root) may enter. One that a killed process left is removed
 * first.
 */
export function makeSocketFolder(home: string, user: ServerUser | undefined): string {
  removeSocketFolder(home);
  // As root, TMPDIR may be a folder of mode 0700 that the server's user cannot pass; /run and /tmp are open.
  const candidates = user === undefined ? parents() : parents().filter((parent) => parent !== tmpdir());
  const parent = candidates.find(isUsable) ?? "/tmp";
  const folder = mkdtempSync(join(parent, prefix));
  chmodSync(folder, 0o700);
  giveTo(user, folder);
  // A crash before this line leaves an empty folder behind, nothing worse.
  writeFileSync(noteOf(home), folder, { mode: 0o600 });
  return folder;
}

/** Removes the folder that was written down, and only one that we made. */
export function removeSocketFolder(home: string): void {
  const note = noteOf(home);
  if (!existsSync(note)) return;
  const folder = readFileSync(note, "utf8");
  if (basename(folder).startsWith(prefix)) removeFolder(folder);
  rmSync(note);
}
