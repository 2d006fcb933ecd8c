import { type Kysely, sql } from "kysely";
import { SmkiError } from "../errors/smki-error.ts";
import type { NoTables } from "./transaction.ts";

/** What the server says of itself. */
export interface Health {
  /** Major version, for example 18. */
  readonly serverVersion: number;
  /** All three must be true for an acknowledged act to survive a power cut. */
  readonly fsync: boolean;
  readonly synchronousCommit: boolean;
  readonly fullPageWrites: boolean;
  /** Octets of the database on disk. */
  readonly size: number;
}

/** Asks the server, so that it also proves that the server answers. */
export async function readHealth(kysely: Kysely<NoTables>): Promise<Health> {
  const { rows } = await sql<Health>`
    select current_setting('server_version_num')::int / 10000 as "serverVersion",
           current_setting('fsync')::bool as "fsync",
           current_setting('synchronous_commit') <> 'off' as "synchronousCommit",
           current_setting('full_page_writes')::bool as "fullPageWrites",
           pg_database_size(current_database()) as "size"`.execute(kysely);
  const health = rows[0];
  if (health === undefined) throw new SmkiError("DATABASE_FAILED");
  return health;
}
