import { chownSync, readFileSync, statSync } from "node:fs";

/** The user that runs the server; undefined means: whoever runs this process. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Finds a user by name in `/etc/passwd`; Node has no getpwnam. */
function findUser(name: string): ServerUser | undefined {
  let lines: string[];
  try {
    lines = readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return undefined;
  }
  for (const line of lines) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && uid !== undefined && gid !== undefined)
      return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/**
 * PostgreSQL refuses to run as root. Root hands it to the user who owns the cluster already (installing a
 * package that brings the user `postgres` must not lock us out of what `nobody` made), else to `postgres`,
 * else to `nobody`.
 *
 * @param clusterFolder - the cluster, which need not exist yet
 */
export function chooseServerUser(clusterFolder: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = statSync(clusterFolder, { throwIfNoEntry: false });
  if (existing !== undefined && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  return findUser("postgres") ?? findUser("nobody") ?? { uid: 65534, gid: 65534 };
}

/** Gives a folder to the server's user; does nothing where that is ourselves. */
export function giveTo(user: ServerUser | undefined, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
