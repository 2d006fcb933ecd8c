import { existsSync, mkdirSync } from "node:fs";
import { connect, type Database } from "../../database/connect.ts";
import { openExistingServer, startEmbeddedServer } from "../../database/embedded/server.ts";
import { bindEstate } from "../../database/estate.ts";
import { migrate } from "../../database/migrate.ts";
import { type Rulebook, rulebookFor } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { type Clock, systemClock } from "../../time/clock.ts";
import { type EstatePaths, estatePaths } from "./paths.ts";

/** An open estate: its database, its rules, its settings. */
export interface Estate {
  readonly settings: Settings;
  readonly rules: Rulebook;
  readonly paths: EstatePaths;
  readonly database: Database;
  /** For child processes. */
  readonly connectionString: string;
  readonly clock: Clock;
  /** Closes the connections, and stops the server if this process started it. */
  close(): Promise<void>;
}

/** How an estate is opened. */
export interface OpenOptions {
  readonly applicationName: string;
  /** `start`: start the embedded server and refuse if another has; `join`: use a running one, or start it. */
  readonly server: "start" | "join";
  readonly databaseLog?: (line: string) => void;
}

/**
 * Opens the estate of a data folder: starts or joins its PostgreSQL, migrates it under a lock, and binds it to
 * the environment for ever.
 *
 * @throws SmkiError DATABASE_FOLDER_IN_USE, DATABASE_NEWER, ESTATE_ENVIRONMENT_MISMATCH and whatever keeps the
 *   database away
 */
export async function openEstate(settings: Settings, options: OpenOptions): Promise<Estate> {
  const paths = estatePaths(settings.dataFolder);
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  const server = await reachServer(settings, options);
  const database = connect(
    { connectionString: server.connectionString },
    { applicationName: options.applicationName, poolSize: settings.database.poolSize },
  );
  const close = async () => {
    await database.close();
    await server.stop();
  };
  try {
    await migrate(database);
    await database.transaction((tx) => bindEstate(tx, settings.environment, systemClock(), settings.edition));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    settings,
    rules: rulebookFor(settings.edition),
    paths,
    database,
    connectionString: server.connectionString,
    clock: systemClock,
    close,
  };
}

async function reachServer(settings: Settings, { server, databaseLog }: OpenOptions) {
  const stop = () => Promise.resolve();
  if (settings.database.url !== undefined) return { connectionString: settings.database.url, stop };
  if (server === "join") {
    const running = await openExistingServer(settings.dataFolder);
    if (running !== undefined) return { ...running, stop };
  }
  return startEmbeddedServer({
    dataFolder: settings.dataFolder,
    ...(databaseLog === undefined ? {} : { log: databaseLog }),
  });
}

/** Whether the folder has ever held an estate. */
export function hasEstate(settings: Settings): boolean {
  return settings.database.url !== undefined || existsSync(estatePaths(settings.dataFolder).keys);
}
