import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Binaries } from "./binaries.ts";
import { hostBasedAuthentication, renderServerConfiguration, renderUserMap } from "./cluster-settings.ts";
import { withParentDeathSignal } from "./parent-death.ts";
import { killProcessesIn } from "./postmaster.ts";
import { createFile, readPlainFile, removeFolder } from "./safe-files.ts";
import { giveTo, mayConnect, type ServerUser } from "./server-user.ts";

/** The only role and the only database of an embedded cluster. */
export const embeddedName = "opensmki";

/**
 * How the server is told where its cluster is. It starts with the cluster as its working folder and reaches
 * it through this magic link, which the kernel follows without walking the path: so neither a parent folder of
 * mode 0700 that belongs to root, nor a path longer than PostgreSQL's 1,024 octets, is in the way.
 */
export const clusterAsWorkingFolder = (clusterFolder: string): string =>
  existsSync("/proc/self/cwd") ? "/proc/self/cwd" : clusterFolder;

/** Nothing of our own environment, which may hold secrets, is handed to the server. */
export const serverEnvironment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Turns what a failed program said into a coded error. */
export function startFailure(said: string, folder: string): SmkiError {
  const lines = said.trim().split("\n");
  const telling = lines.filter((line) => /error|fatal|panic|could not/i.test(line)).slice(0, 3);
  const details = { folder, server: (telling.length > 0 ? telling : lines.slice(-3)).join(" | ") };
  if (/no space left on device|disk quota exceeded/i.test(said))
    return new SmkiError("DATABASE_DISK_FULL", details);
  if (/lock file "postmaster.pid" already exists/i.test(said))
    return new SmkiError("DATABASE_FOLDER_IN_USE", details);
  return new SmkiError("DATABASE_START_FAILED", details);
}

function requireSuccess(result: SpawnSyncReturns<string>, folder: string): void {
  if (result.error !== undefined)
    throw new SmkiError(
      "DATABASE_START_FAILED",
      { folder, server: result.error.message },
      { cause: result.error },
    );
  if (result.status !== 0) throw startFailure(`${result.stdout}\n${result.stderr}`, folder);
}

/** Makes a rename or a new file in the folder durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Writes a file that the server reads: beside the cluster, which belongs to another user, and then by rename.
 * A crash in between leaves a file `….new`, which the next write removes.
 */
function writeServerFile(cluster: string, name: string, text: string, user: ServerUser | undefined): void {
  const path = join(cluster, name);
  const temporary = join(dirname(cluster), `${name}.new`);
  if (readPlainFile(path) === text) return;
  rmSync(temporary, { force: true });
  const file = createFile(temporary, user);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Brings the server's settings to those of this release. */
export function writeServerConfiguration(cluster: string, user: ServerUser | undefined): void {
  writeServerFile(cluster, "postgresql.conf", renderServerConfiguration(), user);
  writeServerFile(cluster, "pg_hba.conf", hostBasedAuthentication, user);
  writeServerFile(cluster, "pg_ident.conf", renderUserMap(mayConnect(user), embeddedName), user);
}

function initialise(folder: string, binaries: Binaries, user: ServerUser | undefined): void {
  const options = { cwd: folder, env: serverEnvironment, encoding: "utf8" as const, ...user };
  const place = clusterAsWorkingFolder(folder);
  const initdb = spawnSync(
    ...withParentDeathSignal("KILL", binaries.initdb, [
      ...["-D", place, `--username=${embeddedName}`, "--encoding=UTF8", "--locale=C", "--data-checksums"],
      ...["--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      ...["--auth-local=peer", "--auth-host=reject", "--no-instructions"],
    ]),
    options,
  );
  requireSuccess(initdb, folder);
  writeServerConfiguration(folder, user);
  // A server that speaks to its standard input alone: the database is there before the first real start.
  const createDatabase = spawnSync(
    ...withParentDeathSignal("KILL", binaries.postgres, ["--single", "-D", place, "template1"]),
    { ...options, input: `CREATE DATABASE ${embeddedName};\n` },
  );
  requireSuccess(createDatabase, folder);
}

/** An initdb whose starter was killed may still be at work in it for a moment, or for longer without setpriv. */
function removeUnfinished(folder: string): void {
  killProcessesIn(folder);
  removeFolder(folder);
}

/**
 * Makes the cluster where there is none, and checks the version of one that is there. The caller holds the
 * owner's lock.
 *
 * The cluster is made under a temporary name and renamed when it is whole: a crash before the rename leaves
 * only a folder `new-…`, which the next call removes; never a cluster that starts and is broken.
 *
 * @param home - the folder that holds the cluster
 * @returns the cluster's folder
 * @throws SmkiError DATABASE_FOLDER_NEWER, DATABASE_FOLDER_OLDER, DATABASE_START_FAILED, DATABASE_DISK_FULL
 */
export function ensureCluster(home: string, binaries: Binaries, user: ServerUser | undefined): string {
  const cluster = join(home, "cluster");
  for (const name of readdirSync(home)) if (name.startsWith("new-")) removeUnfinished(join(home, name));
  if (!existsSync(cluster)) {
    const unfinished = mkdtempSync(join(home, "new-"));
    try {
      chmodSync(unfinished, 0o700);
      giveTo(user, unfinished);
      initialise(unfinished, binaries, user);
      renameSync(unfinished, cluster);
      syncFolder(home);
    } catch (error) {
      removeFolder(unfinished);
      throw error;
    }
  }
  const version = Number.parseInt(readPlainFile(join(cluster, "PG_VERSION")) ?? "", 10);
  const details = { folder: cluster, written: version, installed: binaries.majorVersion };
  if (version > binaries.majorVersion) throw new SmkiError("DATABASE_FOLDER_NEWER", details);
  if (version < binaries.majorVersion) throw new SmkiError("DATABASE_FOLDER_OLDER", details);
  return cluster;
}

/** Makes the folder that holds the cluster. @throws SmkiError DATABASE_FOLDER_NOT_WRITABLE */
export function ensureHome(dataFolder: string): string {
  const home = join(dataFolder, "postgresql");
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return home;
}
