import { sql } from "kysely";
import type { Database } from "../../database/connect.ts";
import { migrationFolder, readMigrations } from "../../database/migration-files.ts";

/** How the database stands to this release: who joins a running service must find it as its own. */
export type ReleaseStanding = "same" | "empty" | "database-older" | "database-newer";

/** Compares, without a lock and without changing anything. */
export async function compareRelease(database: Database): Promise<ReleaseStanding> {
  const newest = readMigrations(migrationFolder).at(-1)?.number ?? 0;
  const reached = await database.read(async (tx) => {
    const { rows: tables } = await sql<{ there: boolean }>`
      select to_regclass('migration') is not null as there`.execute(tx);
    if (tables[0]?.there !== true) return 0;
    const { rows } = await sql<{ reached: number | null }>`
      select max(number) as reached from migration`.execute(tx);
    return rows[0]?.reached ?? 0;
  });
  if (reached === 0) return "empty";
  if (reached === newest) return "same";
  return reached < newest ? "database-older" : "database-newer";
}
