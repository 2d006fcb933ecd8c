import type { Database } from "../database/connect.ts";
import { BinaryRowCheck } from "../database/copy/binary-rows.ts";
import { openCopyIn } from "../database/copy/copy-session.ts";
import { listTables } from "../database/copy/tables.ts";
import { migrate } from "../database/migrate.ts";
import { migrationFolder, readMigrations } from "../database/migration-files.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { readStored } from "./durable-files.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Refuses a back-up whose database this release cannot make: of a newer release, or with other migrations.
 *
 * @throws SmkiError DATABASE_NEWER, MIGRATION_CHANGED
 */
export function requireKnownMigrations({ migrations }: Manifest): void {
  const known = readMigrations(migrationFolder);
  const [reached, newest] = [migrations.at(-1)?.number ?? 0, known.at(-1)?.number ?? 0];
  if (reached > newest) throw new SmkiError("DATABASE_NEWER", { database: reached, program: newest });
  for (const { number, name, sha256 } of migrations) {
    const file = known.find((one) => one.number === number);
    if (file?.sha256.toString("hex") !== sha256)
      throw new SmkiError("MIGRATION_CHANGED", { applied: name, file: file?.name ?? "missing" });
  }
}

/** Makes the tables in the form that the back-up has them. */
export async function makeTables(database: Database, { migrations }: Manifest): Promise<void> {
  await migrate(database, migrationFolder, migrations.at(-1)?.number ?? 0);
}

/** How far identity values are set on beyond those in the back-up, by table. */
export type Skip = (table: string) => number;

/**
 * Loads every table in one transaction, with all constraints and triggers in force, in an order in which each row finds
 * what it refers to. A crash before the commit leaves empty tables.
 *
 * A table that no release has made is somebody else's, who shared the schema: it is left out.
 *
 * @param skip - values that may have been given out after the back-up
 * @throws SmkiError BACKUP_DAMAGED; nothing is then loaded
 */
export async function loadTables(
  database: Database,
  connectionString: string,
  folder: string,
  { tables, identities }: Manifest,
  skip: Skip,
  onTable?: (table: string, rows: number) => void,
): Promise<void> {
  const made = await database.read(listTables);
  for (const { name } of made)
    if (!tables.some((table) => table.name === name))
      throw new SmkiError("BACKUP_DAMAGED", { table: name, reason: "the back-up lacks it" });
  const load = await openCopyIn({ connectionString });
  try {
    for (const { name, columns, rows, file } of tables) {
      const table = made.find((one) => one.name === name);
      if (table === undefined) continue;
      if (table.columns.join() !== columns.join())
        throw new SmkiError("BACKUP_DAMAGED", { table: name, reason: "it is no table of that release" });
      const check = new BinaryRowCheck(columns.length);
      const into = load.write({ name, columns });
      await readStored(folder, file, check, into);
      if (into.rowCount !== rows)
        throw new SmkiError("BACKUP_DAMAGED", { table: name, rows: into.rowCount, recorded: rows });
      onTable?.(name, rows);
    }
    for (const identity of identities.filter(({ table }) => made.some(({ name }) => name === table)))
      await load.advance({ ...identity, last: identity.last + skip(identity.table) });
    await load.commit();
  } finally {
    await load.close();
  }
}
