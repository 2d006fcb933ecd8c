import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sql } from "kysely";
import { connect, type Database } from "../../database/connect.ts";
import { startEmbeddedServer } from "../../database/embedded/server.ts";
import { migrationFolder, readMigrations } from "../../database/migration-files.ts";

/** The data of a release: every table with its rows as JSON, and the files beside the database. */
export interface ReleaseSnapshot {
  readonly version: string;
  readonly tables: Readonly<Record<string, readonly object[]>>;
  /** By path in the data folder, Base64. */
  readonly files: Readonly<Record<string, string>>;
}

/** Reads every table of the database, all at one moment. */
export function takeTables(database: Database): Promise<Record<string, object[]>> {
  return database.read(
    async (tx) => {
      const { rows: names } = await sql<{ name: string }>`
        select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`.execute(tx);
      const tables: Record<string, object[]> = {};
      for (const { name } of names) {
        const { rows } = await sql<{
          row: object;
        }>`select to_json(t) as row from ${sql.table(name)} t`.execute(tx);
        tables[name] = rows.map(({ row }) => row);
      }
      return tables;
    },
    { snapshot: true },
  );
}

/**
 * Puts a release's data back into an empty folder, in the form that the release left it: its own migrations and
 * no later ones. What starts on the folder next does the rest.
 */
export async function restoreRelease({ tables, files }: ReleaseSnapshot, dataFolder: string): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = join(dataFolder, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, Buffer.from(content, "base64"));
    chmodSync(file, 0o600);
  }
  const server = await startEmbeddedServer({ dataFolder });
  const database = connect(
    { connectionString: server.connectionString },
    { applicationName: "restore", poolSize: 2 },
  );
  try {
    await database.transaction(async (tx) => {
      const applied = new Set(tables["migration"]?.map((row) => (row as { name: string }).name));
      for (const { name, statements } of readMigrations(migrationFolder))
        if (applied.has(name)) await sql.raw(statements).execute(tx);
      await sql`create table migration (number integer primary key, name text not null, sha256 bytea not null,
        applied_at timestamptz not null default now())`.execute(tx);
      // Rows refer to each other in ways that only the whole satisfies.
      await sql`set local session_replication_role = replica`.execute(tx);
      for (const [name, rows] of Object.entries(tables))
        await sql`insert into ${sql.table(name)} overriding system value
          select * from json_populate_recordset(null::${sql.table(name)}, ${JSON.stringify(rows)}::json)`.execute(
          tx,
        );
      await continueIdentities(tx);
    });
  } finally {
    await database.close();
    await server.stop();
  }
}

/** Lets generated numbers go on after the highest that is there. */
async function continueIdentities(tx: Parameters<Parameters<Database["transaction"]>[0]>[0]): Promise<void> {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as table, column_name as column from information_schema.columns
    where table_schema = 'public' and is_identity = 'YES'`.execute(tx);
  for (const { table, column } of rows)
    await sql`select setval(pg_get_serial_sequence(${table}, ${column}),
      coalesce((select max(${sql.ref(column)}) from ${sql.table(table)}), 0) + 1, false)`.execute(tx);
}
