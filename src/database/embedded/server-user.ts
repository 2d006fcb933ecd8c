import { chownSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { SmkiError } from "../../errors/smki-error.ts";

/** The user that runs the server; undefined means: whoever runs this process. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

interface KnownUser extends ServerUser {
  readonly name: string;
}

/** The users of `/etc/passwd`; Node has neither getpwnam nor getpwuid. */
function knownUsers(): KnownUser[] {
  try {
    return readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .filter((fields) => fields.length > 3)
      .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  } catch {
    return [];
  }
}

function findUser(wanted: string): ServerUser | undefined {
  const found = knownUsers().find(({ name }) => name === wanted);
  return found && { uid: found.uid, gid: found.gid };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new SmkiError("DATABASE_USER_REFUSED", { uid: process.getuid?.() ?? "unknown" }, { cause });
  }
}

/**
 * Names of those who may connect to the server: who starts it, and, where root does, the user that runs it and
 * owns its files. A user without a name cannot be let in, nor can initdb be run by one.
 *
 * @throws SmkiError DATABASE_USER_REFUSED for such a user
 */
export function mayConnect(serverUser: ServerUser | undefined): string[] {
  const own = ownName();
  const other = knownUsers().find(({ uid }) => uid === serverUser?.uid)?.name;
  return other === undefined || other === own ? [own] : [own, other];
}

/**
 * PostgreSQL refuses to run as root. Root hands it to the user who owns the cluster already (installing a
 * package that brings the user `postgres` must not lock us out of what `nobody` made), else to `opensmki`, else
 * to `postgres`, else to `nobody`. Only the first of these is nobody else's.
 *
 * @param clusterFolder - the cluster, which need not exist yet
 */
export function chooseServerUser(clusterFolder: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = statSync(clusterFolder, { throwIfNoEntry: false });
  if (existing !== undefined && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  return findUser("opensmki") ?? findUser("postgres") ?? findUser("nobody") ?? { uid: 65534, gid: 65534 };
}

/** Gives a folder to the server's user; does nothing where that is ourselves. */
export function giveTo(user: ServerUser | undefined, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
