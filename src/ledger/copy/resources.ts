import type { Database } from "../../database/connect.ts";
import { readResource } from "../read-ledger.ts";
import { verifierKeyName } from "./copy-folder.ts";

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
    get: (path) =>
      path === verifierKeyName
        ? Promise.resolve(Buffer.from(`${verifierKey}\n`))
        : database.read((tx) => readResource(tx, path, quorum)),
  };
}
