import type { Database } from "../database/connect.ts";
import { deleteUpload, selectStaleUploads } from "./batch-store.ts";

/**
 * Removes uploads that nobody goes on with: their process was killed, or their client is gone. One that still has a
 * process, and is slower than this, is told so with its next part.
 *
 * @param since - what has had no part since then is stale
 * @returns the numbers that they had; nobody was ever told them
 */
export function removeStaleUploads(database: Database, since: Date): Promise<number[]> {
  return database.transaction(async (tx) => {
    const stale = await selectStaleUploads(tx, since);
    for (const id of stale) await deleteUpload(tx, id);
    return stale;
  });
}
