import type { KyselyPlugin } from "kysely";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Database } from "../connect.ts";

/**
 * What of a database fails. `transaction`: it is undone, and the caller is told so. `answer`: it took place, and the
 * caller is told that it failed: the connection was lost during the commit. `statement`: one inside a transaction,
 * which is undone with it. `read`: nothing comes back.
 */
export type DatabaseFault = "transaction" | "answer" | "statement" | "read";

export const databaseFaults: readonly DatabaseFault[] = ["transaction", "answer", "statement", "read"];

/** A database that fails once. */
export interface FaultyDatabase {
  readonly database: Database;
  /** Whether that which should fail has come. */
  readonly hasFailed: () => boolean;
}

/** A real database whose transaction, statement or read of that number, from 1, fails with DATABASE_UNAVAILABLE. */
export function faultyDatabase(real: Database, fault: DatabaseFault, number: number): FaultyDatabase {
  let left = number;
  const isNow = (what: DatabaseFault): boolean => what === fault && (left -= 1) === 0;
  const fail = (): never => {
    throw new SmkiError("DATABASE_UNAVAILABLE", { fault });
  };
  const countStatements: KyselyPlugin = {
    transformQuery: ({ node }) => (isNow("statement") ? fail() : node),
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return {
    database: {
      ...real,
      transaction: async (work, options) => {
        const result = await real.transaction(async (tx) => {
          const worked = await work(tx.withPlugin(countStatements));
          // All is written, and nothing is committed.
          if (isNow("transaction")) fail();
          return worked;
        }, options);
        if (isNow("answer")) fail();
        return result;
      },
      read: async (work, options) => (isNow("read") ? fail() : real.read(work, options)),
    },
    hasFailed: () => left <= 0,
  };
}
