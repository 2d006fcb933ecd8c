import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { readResource } from "../read-ledger.ts";
import { checkpointName, verifierKeyName } from "./copy-folder.ts";

/** Requests under way at once. */
export const parallelRequests = 8;

/** What a ledger serves under its prefix (C2SP tlog-tiles, "APIs"), wherever it is. */
export interface LedgerResources {
  /** What stands under a path: `checkpoint`, `verifier-key`, a tile or an entry bundle. @throws SmkiError */
  get(path: string): Promise<Buffer>;
}

/**
 * The ledger of a database, with no web service between.
 *
 * @param verifierKey - the ledger's verifier key, which the database does not hold
 * @param quorum - witnesses that must have cosigned the checkpoint; 0 for none
 */
export function databaseResources(database: Database, verifierKey: string, quorum: number): LedgerResources {
  return {
    get: async (path) => {
      if (path === verifierKeyName) return Buffer.from(`${verifierKey}\n`);
      try {
        return await database.read((tx) => readResource(tx, path, quorum));
      } catch (cause) {
        if (
          path !== checkpointName ||
          !(cause instanceof SmkiError) ||
          cause.code !== "LEDGER_LEAF_NOT_FOUND"
        )
          throw cause;
        throw new SmkiError("LEDGER_CHECKPOINT_NOT_YET", { quorum }, { cause });
      }
    },
  };
}
