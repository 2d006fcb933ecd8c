import { SmkiError } from "../errors/smki-error.ts";
import type { Tx } from "./transaction.ts";

/** Keys and certification authorities are never shared between the two. */
export type Environment = "test" | "live";

/** What a database is for. */
export interface Estate {
  readonly environment: Environment;
  /** The edition of the rules in force when it was founded. */
  readonly edition: string;
  readonly createdAt: Date;
}

interface EstateRow {
  readonly environment: Environment;
  readonly edition: string;
  readonly created_at: Date;
}

/** The estate that the database was bound to; undefined before its first start. */
export async function readEstate(tx: Tx): Promise<Estate | undefined> {
  const row = await tx
    .$extendTables<{ estate: EstateRow }>()
    .selectFrom("estate")
    .selectAll()
    .executeTakeFirst();
  return row && { environment: row.environment, edition: row.edition, createdAt: row.created_at };
}

/**
 * Binds the database to an environment at its first start, and holds it to that ever after.
 *
 * @param environment - what the settings say
 * @param now - the time of the clock; recorded the first time
 * @param edition - the edition of the rules; recorded the first time
 * @throws SmkiError ESTATE_ENVIRONMENT_MISMATCH
 */
export async function bindEstate(
  tx: Tx,
  environment: Environment,
  now: Date,
  edition = "response",
): Promise<Estate> {
  // Two first starts at once: the second waits here for the first, and then finds its row.
  await tx
    .$extendTables<{ estate: EstateRow }>()
    .insertInto("estate")
    .values({ environment, edition, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const estate = await readEstate(tx);
  if (estate?.environment !== environment)
    throw new SmkiError("ESTATE_ENVIRONMENT_MISMATCH", {
      database: estate?.environment ?? "unknown",
      settings: environment,
    });
  return estate;
}
