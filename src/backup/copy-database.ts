import { sql } from "kysely";
import { type CopyOut, openCopyOut } from "../database/copy/copy-session.ts";
import { type CopiedTable, listTables, readIdentities } from "../database/copy/tables.ts";
import { readEstate } from "../database/estate.ts";
import type { Tx } from "../database/transaction.ts";
import { heldTree, openEntryBytes } from "../ledger/restored-ledger.ts";
import type { BackupOrder } from "./backup-order.ts";
import { compress, writeStream } from "./durable-files.ts";
import type { Manifest, StoredTable } from "./manifest.ts";

/** What the manifest says of the database. */
type HeldDatabase = Pick<
  Manifest,
  "takenAt" | "environment" | "edition" | "server" | "migrations" | "tables" | "identities"
> & { readonly ledger: Omit<Manifest["ledger"], "verifierKey" | "checkpoint"> };

/**
 * Copies everything of the database as of one moment, which a second connection shares to copy the tables.
 *
 * @param tx - of a snapshot
 */
export async function copyDatabase(tx: Tx, order: BackupOrder, folder: string): Promise<HeldDatabase> {
  // The snapshot is taken by the first statement. The clock before it: all that the back-up lacks was done later.
  const takenAt = order.clock().toISOString();
  const { rows } = await sql<{ snapshot: string; server: string }>`
    select pg_export_snapshot() as snapshot, current_setting('server_version') as server`.execute(tx);
  // It stands by while the tables are copied: no setting of the server's may end it meanwhile.
  await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
  await order.afterStep?.("snapshot");
  const estate = await readEstate(tx);
  const migrations = await sql<{ number: number; name: string; sha256: string }>`
    select number, name, encode(sha256, 'hex') as sha256 from migration order by number`.execute(tx);
  const { size, root, lastActAt } = await heldTree(tx);
  const tables = await copyTables(tx, order, folder, rows[0]?.snapshot ?? "");
  return {
    takenAt,
    environment: estate?.environment ?? "test",
    edition: estate?.edition ?? "",
    server: rows[0]?.server ?? "",
    migrations: migrations.rows,
    ledger: {
      size,
      root: root.toString("hex"),
      open: (await openEntryBytes(tx)).length,
      ...(lastActAt === undefined ? {} : { lastActAt: lastActAt.toISOString() }),
    },
    tables,
    identities: await readIdentities(tx),
  };
}

async function copyTables(
  tx: Tx,
  { connectionString, onTable }: BackupOrder,
  folder: string,
  snapshot: string,
): Promise<StoredTable[]> {
  const tables = await listTables(tx);
  const out = await openCopyOut({ connectionString }, snapshot);
  try {
    const stored: StoredTable[] = [];
    for (const table of tables) {
      stored.push(await copyTable(table, out, folder));
      onTable?.(table.name, stored.length, tables.length);
    }
    return stored;
  } finally {
    await out.close();
  }
}

async function copyTable(table: CopiedTable, out: CopyOut, folder: string): Promise<StoredTable> {
  const rows = out.read(table);
  const file = await writeStream(folder, `tables/${table.name}.copy.zst`, rows, compress());
  return { name: table.name, columns: [...table.columns], rows: rows.rowCount, file };
}
