import { sql } from "kysely";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import type { Database } from "./connect.ts";
import { databaseFailure, isRetryable } from "./failures.ts";
import { type Migration, migrationFolder, readMigrations } from "./migration-files.ts";
import type { Tx } from "./transaction.ts";

/** The advisory lock that lets one process migrate at a time: "SMKImigr" in ASCII. */
const migrationLock = 0x534d4b49_6d696772n;

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly sha256: Buffer;
}

/** Decides which migration comes next; pure. */
function nextMigration(migrations: readonly Migration[], applied: readonly Applied[]): Migration | undefined {
  const newest = migrations.at(-1)?.number ?? 0;
  const reached = applied.at(-1)?.number ?? 0;
  if (reached > newest) throw new SmkiError("DATABASE_NEWER", { database: reached, program: newest });
  for (const before of applied) {
    const now = migrations.find(({ number }) => number === before.number);
    if (now?.name !== before.name || !now.sha256.equals(before.sha256))
      throw new SmkiError("MIGRATION_CHANGED", { applied: before.name, file: now?.name ?? "missing" });
  }
  const next = migrations.find(({ number }) => !applied.some((before) => before.number === number));
  // Forward only: one that slips in before those applied was never tested after them.
  if (next !== undefined && next.number < reached)
    throw new SmkiError("MIGRATION_FILES_INVALID", { file: next.name, database: reached });
  return next;
}

async function readApplied(tx: Tx): Promise<readonly Applied[]> {
  await sql`
    create table if not exists migration (
      number     integer     primary key,
      name       text        not null,
      sha256     bytea       not null,
      applied_at timestamptz not null default now()
    )`.execute(tx);
  const { rows } = await sql<Applied>`select number, name, sha256 from migration order by number`.execute(tx);
  return rows;
}

async function apply(tx: Tx, { number, name, statements, sha256 }: Migration): Promise<void> {
  try {
    await sql.raw(statements).execute(tx);
  } catch (error) {
    const failure = databaseFailure(error);
    // A full disk or a lost server during a migration is just that, not a fault of the migration.
    if (!isSmkiError(failure, "DATABASE_FAILED") || isRetryable(error)) throw error;
    const reason = error instanceof Error ? error.message : "";
    throw new SmkiError("MIGRATION_FAILED", { migration: name, reason }, { cause: error });
  }
  await sql`insert into migration (number, name, sha256) values (${number}, ${name}, ${sha256})`.execute(tx);
}

/**
 * Brings the database to the form that this release needs. Each migration is one transaction together with its
 * record: a crash at any point leaves whole ones only, and the next start goes on from there. Several processes
 * may call it at once; the lock ends with the transaction, and who waited looks again.
 *
 * @param database - an open database
 * @param folder - the numbered `.sql` files; those of the release if left out
 * @param upTo - the last number to apply: for a database that an older release's rows are loaded into
 * @returns the names of those that this call applied
 * @throws SmkiError DATABASE_NEWER, MIGRATION_CHANGED, MIGRATION_FAILED, MIGRATION_FILES_INVALID
 */
export async function migrate(
  database: Database,
  folder: string = migrationFolder,
  upTo = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const migrations = readMigrations(folder).filter(({ number }) => number <= upTo);
  const done: string[] = [];
  for (;;) {
    const name = await database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(${migrationLock.toString()}::bigint)`.execute(tx);
      const next = nextMigration(migrations, await readApplied(tx));
      if (next !== undefined) await apply(tx, next);
      return next?.name;
    });
    if (name === undefined) return done;
    done.push(name);
  }
}
