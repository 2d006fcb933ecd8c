import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { sql } from "kysely";
import type { Database } from "../database/connect.ts";
import { markTable } from "../database/copy/tables.ts";
import { type OwnerLock, takeOwnerLock } from "../database/embedded/owner-lock.ts";
import { killProcessesIn } from "../database/embedded/postmaster.ts";
import { removeFolder } from "../database/embedded/safe-files.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { syncFolder } from "./durable-files.ts";

/** Everything is made in this folder beside the data folder, which gets its name when all of it is there. */
export const preparationFolder = (dataFolder: string): string => `${dataFolder}.restoring`;

/** The file, in the data folder, that says which restore made it. */
export const restoreIdFile = "restore-id.txt";

/** @throws SmkiError RESTORE_TARGET_NOT_EMPTY when the folder holds anything */
export function requireEmptyFolder(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (names.length > 0) throw new SmkiError("RESTORE_TARGET_NOT_EMPTY", { folder });
}

/**
 * Makes the folder of preparation, empty but for its lock: what a restore left that was killed is removed, its
 * database's server first. The lock keeps a second restore of the same estate out, and goes with the folder.
 *
 * @throws SmkiError DATABASE_FOLDER_IN_USE
 */
export async function prepareFolder(dataFolder: string): Promise<OwnerLock> {
  const folder = preparationFolder(dataFolder);
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await takeOwnerLock(folder);
  // The server of the cluster, or an initdb that is still at work in a folder `new-…`.
  const home = join(folder, "postgresql");
  if (existsSync(home))
    for (const entry of readdirSync(home, { withFileTypes: true }))
      if (entry.isDirectory()) killProcessesIn(join(home, entry.name));
  for (const name of readdirSync(folder))
    if (!name.startsWith("owner.lock")) removeFolder(join(folder, name));
  return lock;
}

/**
 * Gives the prepared folder its name: the moment from which the estate is there. rename(2) puts it in the place of an
 * empty folder, and of no other.
 */
export function placeFolder(dataFolder: string): void {
  renameSync(preparationFolder(dataFolder), dataFolder);
  syncFolder(dirname(dataFolder));
}

/**
 * The restore that an external database is in the middle of. A table says so from before anything is loaded until the data
 * folder is in its place: while it is there, no service starts on the database, and only a restore may empty it.
 */
async function readMark(tx: Tx): Promise<string | undefined> {
  const { rows: tables } = await sql<{ there: boolean }>`
    select to_regclass(${markTable}) is not null as there`.execute(tx);
  if (tables[0]?.there !== true) return undefined;
  const { rows } = await sql<{ id: string }>`select id from ${sql.table(markTable)}`.execute(tx);
  return rows[0]?.id ?? "";
}

/**
 * Statements that remove what lies in the schema: tables, views, sequences, routines, types. What belongs to an extension,
 * as a hosted PostgreSQL comes with, is none of it.
 */
async function removals(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ removal: string }>`
    with own as (select current_schema()::regnamespace as schema),
      -- Of an extension, or of a column that it goes with.
      dependent as (select classid, objid from pg_depend where deptype in ('e', 'i') and objsubid = 0)
    select format('drop %s if exists %s cascade',
      case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end, oid::regclass) as removal
    from pg_class, own where relnamespace = schema and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and (('pg_class'::regclass), oid) not in (select * from dependent)
    union all
    select format('drop routine if exists %s cascade', oid::regprocedure)
    from pg_proc, own where pronamespace = schema and (('pg_proc'::regclass), oid) not in (select * from dependent)
    union all
    select format('drop type if exists %s cascade', oid::regtype)
    from pg_type, own where typnamespace = schema and typtype in ('d', 'e', 'r')
      and (('pg_type'::regclass), oid) not in (select * from dependent)`.execute(tx);
  return rows.map(({ removal }) => removal);
}

/**
 * Takes an external database for a restore: one whose schema is empty, or one that a restore has left unfinished, which
 * is emptied.
 *
 * @throws SmkiError RESTORE_TARGET_NOT_EMPTY
 */
export async function markDatabase(database: Database, id: string): Promise<void> {
  await database.transaction(async (tx) => {
    const there = await removals(tx);
    if (there.length > 0 && (await readMark(tx)) === undefined)
      throw new SmkiError("RESTORE_TARGET_NOT_EMPTY", {
        database: "its schema holds tables, views, functions or types",
        objects: there.length,
      });
    // Whatever lies there now, beside the mark, was made after the schema was found empty.
    for (const removal of there) await sql.raw(removal).execute(tx);
    await sql`create table ${sql.table(markTable)} (id text primary key)`.execute(tx);
    await sql`insert into ${sql.table(markTable)} values (${id})`.execute(tx);
  });
}

/** What the data folder's {@link restoreIdFile} says; undefined where there is none. */
export function placedRestore(dataFolder: string): string | undefined {
  try {
    return readFileSync(join(dataFolder, restoreIdFile), "utf8").trim();
  } catch {
    return undefined;
  }
}

/**
 * Takes the mark away once the restore's data folder is in its place. Whoever opens the estate asks: a restore that was
 * killed between the two is finished here.
 *
 * @param placed - which restore placed the data folder: {@link placedRestore}
 * @throws SmkiError RESTORE_UNFINISHED when the database belongs to a restore that never placed its folder
 */
export async function finishRestore(database: Database, placed: string | undefined): Promise<void> {
  const mark = await database.read(readMark);
  if (mark === undefined) return;
  if (mark !== placed) throw new SmkiError("RESTORE_UNFINISHED");
  await database.transaction((tx) => sql`drop table ${sql.table(markTable)}`.execute(tx));
}
