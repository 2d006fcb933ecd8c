import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Socket } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { folderFailure } from "../folder-failure.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import {
  clusterAsWorkingFolder,
  embeddedName,
  ensureCluster,
  ensureHome,
  serverEnvironment,
  startFailure,
  writeServerConfiguration,
} from "./cluster.ts";
import { serverArguments } from "./cluster-settings.ts";
import { clearLeftover } from "./leftover.ts";
import { isOwned, takeOwnerLock } from "./owner-lock.ts";
import { withParentDeathSignal } from "./parent-death.ts";
import { isRunning, readPostmaster } from "./postmaster.ts";
import type { ServerLock } from "./server-lock.ts";
import { chooseServerUser, type ServerUser } from "./server-user.ts";
import { makeSocketFolder, removeSocketFolder } from "./socket-folder.ts";

/** What an embedded server is started with. */
export interface EmbeddedServerOptions {
  /** The service's data folder; the cluster lies in its folder `postgresql/cluster`. Made if missing. */
  readonly dataFolder: string;
  /** Takes each line that the server writes. */
  readonly log?: (line: string) => void;
  /** Server settings that win over ours; for tests only. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** A PostgreSQL server that this process runs. */
export interface EmbeddedServer {
  /** For `connect`, this process's children and other programs of the same user. */
  readonly connectionString: string;
  readonly pid: number;
  /** Resolves when the server ended, whoever ended it; never rejects. */
  readonly exited: Promise<void>;
  /** Ends open transactions, writes everything to disk, and removes the socket. May be called twice. */
  stop(options?: StopOptions): Promise<void>;
}

/** How long a stop may take. */
export interface StopOptions {
  /**
   * Default: a minute. A fast shutdown has at least half of it, then an immediate one ends the server without
   * writing all to disk: nothing committed is lost, since the log is replayed at the next start. The promise
   * resolves in this time even if the server, on a disk that does not answer, has not ended by then; its folder
   * stays locked until it has.
   */
  readonly withinMilliseconds?: number;
}

/** The form that both node-postgres and libpq understand. */
const connectionStringOf = (socketFolder: string): string =>
  `postgresql://${embeddedName}@localhost/${embeddedName}?host=${encodeURIComponent(socketFolder)}`;

/** Recovery after a crash replays at most max_wal_size of log; a slow disk may need minutes for it. */
const startPatience = 300_000;

const stopPatience = 60_000;

/** PostgreSQL kills its own processes that have not followed an immediate shutdown after 5 s. */
const immediatePatience = 6_000;

function spawnServer(
  cluster: string,
  socketFolder: string,
  binaries: Binaries,
  user: ServerUser | undefined,
  overrides: Readonly<Record<string, string>>,
  lock: ServerLock,
): ChildProcess {
  const [program, programArguments] = withParentDeathSignal("INT", binaries.postgres, [
    ...["-D", clusterAsWorkingFolder(cluster)],
    ...serverArguments(socketFolder, overrides),
  ]);
  return spawn(program, programArguments, {
    cwd: cluster,
    env: serverEnvironment,
    // A session of its own: Ctrl-C in the terminal is for us, and we stop the server when our work is done.
    detached: true,
    // The server keeps its lock as long as any of its processes lives.
    stdio: ["ignore", "ignore", "pipe", lock.descriptor],
    ...user,
  });
}

async function waitUntilReady(cluster: string, child: ChildProcess, said: () => string): Promise<void> {
  // It could not be spawned at all; the event that says why comes in the next turn.
  if (child.pid === undefined) throw startFailure(`could not run ${child.spawnfile}`, cluster);
  for (const end = performance.now() + startPatience; performance.now() < end; ) {
    if (child.exitCode !== null || child.signalCode !== null) {
      // Let the last lines arrive.
      await sleep(50);
      throw startFailure(said(), cluster);
    }
    const postmaster = readPostmaster(cluster);
    if (postmaster?.pid === child.pid && postmaster.status === "ready") return;
    await sleep(5);
  }
  child.kill("SIGINT");
  throw startFailure(said(), cluster);
}

async function startIn(home: string, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const user = chooseServerUser(join(home, "cluster"));
  const binaries = findBinaries(user !== undefined);
  const cluster = ensureCluster(home, binaries, user);
  const lock = await clearLeftover(home, cluster);
  let socketFolder: string;
  let child: ChildProcess;
  try {
    writeServerConfiguration(cluster, user);
    socketFolder = makeSocketFolder(home, user);
    child = spawnServer(cluster, socketFolder, binaries, user, options.overrides ?? {}, lock);
  } finally {
    lock.close();
  }
  const exited = new Promise<void>((done) => {
    child.once("exit", () => {
      done();
    });
    child.once("error", () => {
      done();
    });
  });
  const firstLines: string[] = [];
  let started = false;
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (!started) firstLines.push(line);
      options.log?.(line);
    });
  try {
    await waitUntilReady(cluster, child, () => firstLines.join("\n"));
  } catch (error) {
    removeSocketFolder(home);
    throw error;
  }
  started = true;
  // The server does not keep us running: when our work is over and stop() was forgotten, we end, and it does.
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  return {
    connectionString: connectionStringOf(socketFolder),
    pid: child.pid ?? 0,
    exited,
    stop: async ({ withinMilliseconds = stopPatience } = {}) => {
      child.ref();
      if (await endServer(child, exited, withinMilliseconds)) removeSocketFolder(home);
      // Whatever it still waits for, it ends by itself: we need not.
      else child.unref();
    },
  };
}

/** @returns whether the server ended in that time */
async function endServer(
  child: ChildProcess,
  exited: Promise<void>,
  withinMilliseconds: number,
): Promise<boolean> {
  const immediate = Math.min(immediatePatience, withinMilliseconds / 2);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const stages = [
    ["SIGINT", withinMilliseconds - immediate],
    ["SIGQUIT", immediate],
  ] as const;
  for (const [signal, patience] of stages) {
    if (hasEnded()) break;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, sleep(patience, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }
  return hasEnded();
}

/**
 * Starts the PostgreSQL that comes with the package in a folder, making the cluster the first time. A server
 * left behind by a killed process is stopped first; one whose owner lives is refused.
 *
 * @throws SmkiError DATABASE_FOLDER_IN_USE, DATABASE_SERVER_ELSEWHERE, DATABASE_FOLDER_NOT_WRITABLE,
 *   DATABASE_FOLDER_NEWER, DATABASE_FOLDER_OLDER, DATABASE_BINARIES_MISSING, DATABASE_DISK_FULL, DATABASE_START_FAILED
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const dataFolder = resolve(options.dataFolder);
  try {
    const home = ensureHome(dataFolder);
    const lock = await takeOwnerLock(home);
    try {
      const server = await startIn(home, options);
      let hasEnded = false;
      const released = server.exited.then(() => {
        hasEnded = true;
        return lock.release();
      });
      return {
        ...server,
        stop: async (stopOptions) => {
          await server.stop(stopOptions);
          if (hasEnded) await released;
        },
      };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw folderFailure(error, dataFolder);
  }
}

/**
 * Finds the server that another process runs in a folder, so that a verb can join a running service.
 *
 * @returns its connection string, or undefined where none runs
 */
export async function openExistingServer(
  dataFolder: string,
): Promise<{ connectionString: string } | undefined> {
  const home = join(resolve(dataFolder), "postgresql");
  const cluster = join(home, "cluster");
  if (!existsSync(cluster) || !(await isOwned(home))) return undefined;
  const postmaster = readPostmaster(cluster);
  if (postmaster?.status !== "ready" || !isRunning(cluster, postmaster)) return undefined;
  return { connectionString: connectionStringOf(postmaster.socketFolder) };
}
