import { existsSync, mkdirSync } from "node:fs";
import { finishRestore, placedRestore } from "../../backup/restore-target.ts";
import { connect, type Database } from "../../database/connect.ts";
import { takeOwnerLock } from "../../database/embedded/owner-lock.ts";
import { openExistingServer, startEmbeddedServer } from "../../database/embedded/server.ts";
import { bindEstate, readEstate } from "../../database/estate.ts";
import { folderFailure } from "../../database/folder-failure.ts";
import { migrate } from "../../database/migrate.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type Rulebook, rulebookFor } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { type Clock, systemClock } from "../../time/clock.ts";
import { type EstatePaths, estatePaths } from "./paths.ts";
import { compareRelease } from "./release-check.ts";
import { within } from "./within.ts";

/** An open estate: its database, its rules, its settings. */
export interface Estate {
  readonly settings: Settings;
  readonly rules: Rulebook;
  readonly paths: EstatePaths;
  readonly database: Database;
  /** For child processes. */
  readonly connectionString: string;
  /** Resolves when the embedded server that this process started has ended; never where it started none. */
  readonly databaseEnded: Promise<void>;
  readonly clock: Clock;
  /**
   * Closes the connections, and stops the server if this process started it.
   *
   * @param patience - how long the server may take to end in order, in milliseconds; after that it ends at once, and
   *   goes through its log at the next start. Its own patience, a minute, if left out
   */
  close(patience?: number): Promise<void>;
}

/** How an estate is opened. */
export interface OpenOptions {
  readonly applicationName: string;
  /** `start`: start the embedded server and refuse if another has; `join`: use a running one, or start it. */
  readonly server: "start" | "join";
  readonly databaseLog?: (line: string) => void;
  /** How long one read may take, in milliseconds; for processes that strangers can ask. */
  readonly longestRead?: number;
}

/** A PostgreSQL that is reached: started here, started by the service that is joined, or elsewhere. */
interface ReachedServer {
  readonly kind: "started" | "joined" | "external";
  readonly connectionString: string;
  readonly exited: Promise<void>;
  /** As {@link Estate.close} has it. */
  stop(patience?: number): Promise<void>;
}

/**
 * Opens the estate of a data folder: starts or joins its PostgreSQL, migrates it under a lock, and binds it to
 * the environment for ever. A database that others may work on is not migrated under their feet.
 *
 * @throws SmkiError DATABASE_FOLDER_IN_USE, DATABASE_NEWER, ESTATE_ENVIRONMENT_MISMATCH, ESTATE_OLDER_RELEASE and
 *   whatever keeps the database away
 */
export async function openEstate(settings: Settings, options: OpenOptions): Promise<Estate> {
  const paths = estatePaths(settings.dataFolder);
  try {
    mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw folderFailure(error, paths.data);
  }
  const server = await reachServer(settings, options);
  let database: Database | undefined;
  const close = async (patience?: number) => {
    try {
      // A connection on which a statement hangs ends with its server.
      await (patience === undefined ? database?.close() : within(patience / 2, database?.close()));
    } finally {
      await server.stop(patience);
    }
  };
  try {
    database = connect(
      { connectionString: server.connectionString },
      {
        applicationName: options.applicationName,
        poolSize: settings.database.poolSize,
        ...(options.longestRead === undefined ? {} : { longestRead: options.longestRead }),
      },
    );
    await prepare(database, settings, server.kind, options);
    return {
      settings,
      rules: rulebookFor(settings.edition),
      paths,
      database,
      connectionString: server.connectionString,
      databaseEnded: server.exited,
      clock: systemClock,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Brings the database to this release and environment, or refuses; one that is there already is only read. */
async function prepare(
  database: Database,
  settings: Settings,
  kind: ReachedServer["kind"],
  { server }: OpenOptions,
): Promise<void> {
  if (kind === "external") await finishRestore(database, placedRestore(settings.dataFolder));
  const standing = server === "join" && kind !== "started" ? await compareRelease(database) : "unknown";
  // Whether a service of that release is at work on it, here or on another machine, nobody can tell: who starts the
  // service migrates, under the lock of the folder, and no verb does. An empty external database is one to found in.
  if (standing === "database-older" || (standing === "empty" && kind === "joined"))
    throw new SmkiError("ESTATE_OLDER_RELEASE", { folder: settings.dataFolder });
  if (standing !== "same") await migrate(database);
  const estate = await database.read(readEstate);
  if (estate?.environment === settings.environment) return;
  await database.transaction((tx) => bindEstate(tx, settings.environment, systemClock(), settings.edition));
}

async function reachServer(settings: Settings, options: OpenOptions): Promise<ReachedServer> {
  const { server, databaseLog } = options;
  const others = { exited: new Promise<void>(() => undefined), stop: () => Promise.resolve() };
  if (settings.database.url !== undefined) {
    const external = { kind: "external", connectionString: settings.database.url, ...others } as const;
    if (server === "join") return external;
    // One service on a data folder, wherever its database is: the ledger's signer and the keys are in the folder.
    const lock = await takeOwnerLock(settings.dataFolder);
    return { ...external, stop: () => lock.release() };
  }
  if (server === "join") {
    const running = await openExistingServer(settings.dataFolder);
    if (running !== undefined) return { kind: "joined", ...running, ...others };
  }
  const started = await startEmbeddedServer({
    dataFolder: settings.dataFolder,
    ...(databaseLog === undefined ? {} : { log: databaseLog }),
  });
  return {
    ...started,
    kind: "started",
    stop: (patience) => started.stop(patience === undefined ? {} : { withinMilliseconds: patience }),
  };
}

/**
 * Refuses a folder in which no estate was ever founded, before anything is made in it.
 *
 * @throws SmkiError ESTATE_EMPTY
 */
export function requireFounded(settings: Settings): void {
  if (!existsSync(estatePaths(settings.dataFolder).ledgerVerifierKey))
    throw new SmkiError("ESTATE_EMPTY", { folder: settings.dataFolder });
}
