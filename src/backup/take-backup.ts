import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { sql } from "kysely";
import type { Database } from "../database/connect.ts";
import { openCopyOut } from "../database/copy/copy-session.ts";
import { type CopiedTable, listTables, readIdentities } from "../database/copy/tables.ts";
import { readEstate } from "../database/estate.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { readCheckpointFile } from "../ledger/checkpoint-store.ts";
import { heldTree, openEntryBytes } from "../ledger/restored-ledger.ts";
import type { Clock } from "../time/clock.ts";
import { compress, syncFolder, syncTree, writeOctets, writeStream } from "./durable-files.ts";
import type { EstateFiles, EstateKeyStores } from "./estate-files.ts";
import { copyKeyStore, keptElsewhere } from "./key-store-copies.ts";
import {
  type Manifest,
  manifestName,
  manifestVersion,
  type StoredFile,
  type StoredKeyStore,
  type StoredTable,
} from "./manifest.ts";
import { withoutPasswords } from "./passwords.ts";

/** The steps of a back-up, in order, by which tests stop it at each. */
export const backupSteps = [
  "begun",
  "checkpoint",
  "snapshot",
  "tables",
  "keys",
  "files",
  "manifest",
  "renamed",
] as const;
export type BackupStep = (typeof backupSteps)[number];

/** What is backed up, and to where. */
export interface BackupOrder {
  readonly database: Database;
  readonly connectionString: string;
  readonly clock: Clock;
  readonly files: EstateFiles;
  readonly keyStores: EstateKeyStores;
  /** The settings file in force, wherever it lies; absent where there is none. */
  readonly settingsFile?: string;
  readonly software: string;
  /** The folder to make. */
  readonly folder: string;
  /** Told of each table: rows so far, of about so many. */
  readonly onTable?: (table: string, done: number, all: number) => void;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: BackupStep) => void | Promise<void>;
}

/** A back-up that was taken. */
export interface TakenBackup {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Octets of all its files. */
  readonly octets: number;
}

/**
 * Takes a back-up of a running estate, without stopping anything.
 *
 * The order matters, since acts and ceremonies go on meanwhile:
 *
 * 1. The signer's last checkpoint comes before the database's snapshot. A tree is committed before it is signed for,
 *    so the tree of a later snapshot holds all that the checkpoint covers. The other way round the back-up could hold
 *    a checkpoint of leaves that it lacks.
 * 2. The key stores come after the snapshot. A ceremony makes its keys before it commits the rows that name them, and
 *    only keys that no row names are ever destroyed: so every key that the snapshot refers to is in a store read
 *    later. The other way round the snapshot could name a key that was made between the two. What is copied too many
 *    (keys of a ceremony still under way) is named at the restore.
 * 3. The manifest is written last, and the folder gets its name when all of it is durable. A crash leaves a folder
 *    `NAME.partial` without use, which the next back-up of that name removes.
 *
 * @throws SmkiError BACKUP_FOLDER_EXISTS, and whatever keeps the database or the disk away
 */
export async function takeBackup(order: BackupOrder): Promise<TakenBackup> {
  const folder = resolve(order.folder);
  const partial = `${folder}.partial`;
  if (existsSync(folder)) throw new SmkiError("BACKUP_FOLDER_EXISTS", { folder });
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(partial, { mode: 0o700 });
  await order.afterStep?.("begun");

  const checkpoint = await readCheckpointFile(order.files.lastCheckpoint);
  await order.afterStep?.("checkpoint");
  const held = await order.database.read((tx) => copyDatabase(tx, order, partial), { snapshot: true });
  await order.afterStep?.("tables");
  const keyStores = [
    await copyKeyStore(partial, order.keyStores.operational),
    await copyKeyStore(partial, order.keyStores.ceremony),
  ];
  await order.afterStep?.("keys");
  const files = await copyFiles(order, partial, held.environment);
  await order.afterStep?.("files");

  const { ledger, ...database } = held;
  const manifest: Manifest = {
    format: "opensmki-backup",
    version: manifestVersion,
    software: order.software,
    ...(existsSync(order.files.estateId)
      ? { estate: readFileSync(order.files.estateId, "utf8").trim() }
      : {}),
    ...database,
    ledger: {
      verifierKey: readFileSync(order.files.ledgerVerifierKey, "utf8").trim(),
      checkpoint,
      ...ledger,
    },
    keyStores,
    files,
    ...(order.settingsFile === undefined
      ? {}
      : { settingsFile: isIn(order.files.data, order.settingsFile) ? "in-data-folder" : "elsewhere" }),
    notHeld: notHeld(held.environment, keyStores),
  };
  await writeOctets(partial, manifestName, `${JSON.stringify(manifest, undefined, 2)}\n`);
  syncTree(partial);
  await order.afterStep?.("manifest");
  // A crash before this line leaves the folder `.partial`. rename(2) gives the whole of it its name, or none.
  renameSync(partial, folder);
  syncFolder(dirname(folder));
  await order.afterStep?.("renamed");
  return { folder, manifest, octets: octetsOf(manifest) };
}

type HeldDatabase = Pick<
  Manifest,
  "takenAt" | "environment" | "edition" | "server" | "migrations" | "tables" | "identities"
> & { readonly ledger: Omit<Manifest["ledger"], "verifierKey" | "checkpoint"> };

/** Everything of the database as of one moment, which a second connection shares to copy the tables. */
async function copyDatabase(tx: Tx, order: BackupOrder, folder: string): Promise<HeldDatabase> {
  // The snapshot is taken by the first statement. The clock before it: all that the back-up lacks was done later.
  const takenAt = order.clock().toISOString();
  const { rows } = await sql<{ snapshot: string; server: string }>`
    select pg_export_snapshot() as snapshot, current_setting('server_version') as server`.execute(tx);
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

async function copyTable(
  table: CopiedTable,
  out: Awaited<ReturnType<typeof openCopyOut>>,
  folder: string,
): Promise<StoredTable> {
  const rows = out.read(table);
  const file = await writeStream(folder, `tables/${table.name}.copy.zst`, rows, compress());
  return { name: table.name, columns: [...table.columns], rows: rows.rowCount, file };
}

/** The files beside the database, by their place under the data folder. */
async function copyFiles(
  { files, settingsFile }: BackupOrder,
  folder: string,
  environment: "test" | "live",
): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  const { estateId, ledgerVerifierKey, formerLedgerKeys, recordVerifierKey, ceremonies, archive } = files;
  const wanted = [estateId, ledgerVerifierKey, formerLedgerKeys, recordVerifierKey, ceremonies, archive];
  // In live a passphrase never goes where the keys go, even if someone has put one there.
  if (environment === "test") wanted.push(files.secrets);
  for (const file of wanted.flatMap(filesIn)) {
    const path = relative(files.data, file);
    stored.push(await writeOctets(folder, `files/${path}`, readFileSync(file)));
  }
  if (settingsFile !== undefined)
    stored.push(await writeOctets(folder, "smki.toml", withoutPasswords(readFileSync(settingsFile, "utf8"))));
  return stored;
}

/** The file, or all files of the folder; what is half made, or is none, is left out. */
function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.name.endsWith(".partial"))
    .flatMap((entry) => (entry.isFile() || entry.isDirectory() ? filesIn(join(path, entry.name)) : []));
}

const isIn = (folder: string, file: string): boolean => !relative(folder, resolve(file)).startsWith("..");

function notHeld(environment: "test" | "live", stores: readonly StoredKeyStore[]): string[] {
  return [
    ...stores.flatMap((store) => keptElsewhere(store, environment)),
    ...(environment === "live"
      ? ["The key of the TLS certificate, PINs and the database's password are not in this back-up."]
      : [
          "This is a test estate: the passphrases that were made up for it are in this back-up. Whoever has it has the keys.",
        ]),
    "Checkpoints signed after it: keep one outside now and then (`smki ledger checkpoint > FILE`), and the newest keys/last-checkpoint. They tell whether anything was lost.",
  ];
}

const octetsOf = ({ tables, files, keyStores }: Manifest): number =>
  [...tables.map(({ file }) => file), ...files, ...keyStores.flatMap(({ file }) => file ?? [])].reduce(
    (sum, { octets }) => sum + octets,
    0,
  );
