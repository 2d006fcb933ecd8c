import { existsSync } from "node:fs";
import { join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";
import { isSeen, readPostmaster, removePostmasterFile, stopOrphan } from "./postmaster.ts";
import { type ServerLock, takeServerLock } from "./server-lock.ts";
import {
  isOnLocalDisk,
  judgeLeftover,
  readServerRecord,
  thisPlace,
  writeServerRecord,
} from "./server-place.ts";

/** A server that was told to end, or whose machine's power went, writes its log to disk in that time. */
const orphanPatience = 5_000;

/**
 * Makes sure that no server runs in a cluster, and takes the lock that the next one is to hold. An orphan of this
 * place is stopped. One that was started in another container, namespace or machine is never touched, nor is its
 * `postmaster.pid` removed, unless it is certain that it has ended. The caller holds the owner's lock.
 *
 * @param home - the folder that holds the cluster
 * @throws SmkiError DATABASE_SERVER_ELSEWHERE, DATABASE_FOLDER_IN_USE
 */
export async function clearLeftover(home: string, cluster: string): Promise<ServerLock> {
  let lock = await takeServerLock(home, 0);
  const judge = () =>
    judgeLeftover({
      record: readServerRecord(home),
      here: thisPlace(),
      lock: lock.state,
      hasLockFile: existsSync(join(cluster, "postmaster.pid")),
      isSeen: isSeen(cluster),
      isOnLocalDisk: isOnLocalDisk(home),
    });
  const takeAgain = async () => {
    lock.close();
    lock = await takeServerLock(home, orphanPatience);
  };
  try {
    let verdict = judge();
    if (verdict === "elsewhere" && lock.state === "busy") {
      await takeAgain();
      verdict = judge();
    }
    if (verdict === "elsewhere") throw runsElsewhere(home, cluster);
    if (verdict === "stop") {
      await stopOrphan(cluster);
      if (lock.state === "busy") await takeAgain();
      if (lock.state === "busy") throw new SmkiError("DATABASE_FOLDER_IN_USE", { folder: cluster });
    }
    // PostgreSQL itself would take a zombie, or a stranger with the same number, for its predecessor.
    removePostmasterFile(cluster);
    // A crash here leaves a record without a server: no postmaster.pid, so nothing is judged by it.
    writeServerRecord(home, { ...thisPlace(), locked: lock.state === "taken" });
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function runsElsewhere(home: string, cluster: string): SmkiError {
  const record = readServerRecord(home);
  return new SmkiError("DATABASE_SERVER_ELSEWHERE", {
    file: join(cluster, "postmaster.pid"),
    pid: readPostmaster(cluster)?.pid ?? "unknown",
    host: record?.host ?? "unknown",
    pidNamespace: record?.pidNamespace ?? "unknown",
    networkNamespace: record?.networkNamespace ?? "unknown",
  });
}
