import { sql } from "kysely";
import type { Database } from "../../src/database/connect.ts";

/** Indexes of every certificate whose keys come in no order. */
const names = ["certificate_by_subject", "certified_key_pkey"];

/**
 * How full, in percent, the pages of an index are whose keys came in no order, once there were many: each page that is full
 * is split in two (Yao, "On random 2-3 trees", 1978: 69 percent).
 */
const fullOfRandomKeys = 69;

/**
 * Does the work without the indexes that have random keys, and makes them again with pages as full as they would be by now.
 * Ten million keys one by one would take an hour, and densely packed pages would all be split by the first keys to come.
 */
export async function withoutRandomIndexes(database: Database, work: () => Promise<void>): Promise<void> {
  const { rows } = await database.read((tx) =>
    sql<{ name: string; table: string; constraint: string | null; definition: string }>`
      select index.relname as name, indrelid::regclass::text as "table",
        (select pg_get_constraintdef(oid) from pg_constraint where conindid = indexrelid and contype = 'p') as "constraint",
        pg_get_indexdef(indexrelid) as definition
      from pg_index join pg_class index on index.oid = indexrelid
      where index.relname = any (${names})`.execute(tx),
  );
  if (rows.length !== names.length) throw new Error(`not all of ${names.join(", ")} are there`);
  const full = `with (fillfactor = ${String(fullOfRandomKeys)})`;
  const execute = (statement: string) =>
    database.transaction(async (tx) => {
      await sql`set local maintenance_work_mem = '512MB'`.execute(tx);
      await sql.raw(statement).execute(tx);
    });
  for (const { name, table, constraint } of rows)
    await execute(
      constraint === null ? `drop index ${name}` : `alter table ${table} drop constraint ${name}`,
    );
  await work();
  for (const { name, table, constraint, definition } of rows) {
    await execute(
      constraint === null
        ? definition.replace(/(?= WHERE )|$/, ` ${full}`)
        : `alter table ${table} add constraint ${name} ${constraint} ${full}`,
    );
    // For the pages that are split from now on, as it was.
    await execute(`alter index ${name} reset (fillfactor)`);
  }
}
