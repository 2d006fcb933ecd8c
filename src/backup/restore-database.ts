import { connect } from "../database/connect.ts";
import { startEmbeddedServer } from "../database/embedded/server.ts";
import type { RestoreOrder } from "./restore-order.ts";
import { finishRestore, markDatabase } from "./restore-target.ts";

/**
 * Opens the database to restore into: one of its own in the folder of preparation, or an external one that is marked.
 *
 * @throws SmkiError RESTORE_TARGET_NOT_EMPTY and what keeps the database away
 */
export async function openTarget({ databaseUrl }: RestoreOrder, folder: string, id: string) {
  const server =
    databaseUrl === undefined
      ? await startEmbeddedServer({ dataFolder: folder })
      : { connectionString: databaseUrl, stop: () => Promise.resolve() };
  const { connectionString } = server;
  const database = connect({ connectionString }, { applicationName: "smki restore", poolSize: 4 });
  const close = async () => {
    try {
      await database.close();
    } finally {
      await server.stop();
    }
  };
  try {
    if (databaseUrl !== undefined) await markDatabase(database, id);
    return { database, connectionString, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes the mark away. */
export async function finishExternal(connectionString: string, id: string): Promise<void> {
  const database = connect({ connectionString }, { applicationName: "smki restore", poolSize: 1 });
  try {
    await finishRestore(database, id);
  } finally {
    await database.close();
  }
}
