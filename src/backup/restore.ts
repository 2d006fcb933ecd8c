import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { certificateDigests } from "../authorities/certificate-rows.ts";
import { verifyRecords } from "../authorities/verification/verify-records.ts";
import { connect, type Database } from "../database/connect.ts";
import { startEmbeddedServer } from "../database/embedded/server.ts";
import { migrate } from "../database/migrate.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { type LedgerVerifier, withFormerLedgers } from "../ledger/former-ledgers.ts";
import { findLedgerKey } from "../ledger/ledger-key.ts";
import { parseVerifierKey } from "../ledger/note.ts";
import { type LedgerReport, verifyLedger, withFindings } from "../ledger/verify-ledger.ts";
import type { Clock } from "../time/clock.ts";
import { checkBackup } from "./check-backup.ts";
import { syncTree } from "./durable-files.ts";
import { type EstateFiles, type EstateKeyStores, estateFiles } from "./estate-files.ts";
import { loadTables, makeTables, requireKnownMigrations, type Skip } from "./load-database.ts";
import { describeLoss, judgeLoss, type Loss, type OutsideKnowledge } from "./lost-acts.ts";
import type { Manifest, ReadManifest } from "./manifest.ts";
import { type KeysFound, openRestoredKeys, placeKeyFile, storeInPreparation } from "./restore-keys.ts";
import { type RestoredLedger, restoreLedger } from "./restore-ledger.ts";
import {
  finishRestore,
  markDatabase,
  placeFolder,
  preparationFolder,
  prepareFolder,
  requireEmptyFolder,
  restoreIdFile,
} from "./restore-target.ts";

/** The steps of a restore, in order, by which tests stop it at each. */
export const restoreSteps = [
  "checked",
  "prepared",
  "files",
  "database",
  "loaded",
  "migrated",
  "ledger",
  "verified",
  "closed",
  "placed",
  "finished",
] as const;
export type RestoreStep = (typeof restoreSteps)[number];

/** What is restored, and to where. */
export interface RestoreOrder {
  /** The back-up's folder. */
  readonly backup: string;
  /** The data folder to make: it does not exist, or is empty. */
  readonly dataFolder: string;
  /** An empty external database; the embedded one when left out. */
  readonly databaseUrl?: string;
  /** What the settings of the restored estate say. */
  readonly environment: "test" | "live";
  readonly keyStores: EstateKeyStores;
  readonly outside: OutsideKnowledge;
  /** The operator accepts that acts are lost, or may be. */
  readonly acceptLoss: boolean;
  readonly by: string;
  readonly clock: Clock;
  /** How many Issuing DCAs a ceremony makes: so many numbers may have been given out after the back-up. */
  readonly stockSize: number;
  readonly onStep?: (text: string) => void;
  readonly onTable?: (table: string, done: number, all: number) => void;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: RestoreStep) => void;
}

/** A restored estate. */
export interface Restored {
  readonly dataFolder: string;
  readonly takenAt: string;
  readonly loss: Loss;
  readonly ledger: RestoredLedger;
  readonly report: LedgerReport;
  /** Labels of keys that no row refers to. */
  readonly unknownKeys: readonly string[];
  readonly remarks: readonly string[];
}

/** Values of these tables are given out to many: one a millisecond may have been, since the back-up. */
const busyTables = new Set(["ledger_inbox", "issuing_intent", "request_batch", "request_chunk"]);
/** Of the others, fewer than this. */
const skipOfOthers = 1_000;

/**
 * Restores an estate from a back-up into an empty place.
 *
 * All of it is made beside that place, and gets its name in one rename at the end: from then on the estate is there. A
 * crash before it leaves a folder `NAME.restoring`, and in an external database a mark, on which no service starts and
 * which the next restore removes; a crash after it leaves an estate that is whole.
 *
 * @throws SmkiError RESTORE_TARGET_NOT_EMPTY, BACKUP_UNREADABLE, BACKUP_DAMAGED, BACKUP_NEWER, DATABASE_NEWER,
 *   MIGRATION_CHANGED, ESTATE_ENVIRONMENT_MISMATCH, RESTORE_CLOCK_BEHIND, RESTORE_LOSES_ACTS, RESTORE_CONTRADICTED,
 *   RESTORE_COPY_DAMAGED, LEDGER_FORKED, RESTORE_KEYS_MISSING and what keeps the database or the keys away
 */
export async function restore(given: RestoreOrder): Promise<Restored> {
  const order = { ...given, dataFolder: resolve(given.dataFolder) };
  requireEmptyFolder(order.dataFolder);
  const read = await checkBackup(order.backup);
  const { manifest } = read;
  requireSuitable(manifest, order);
  const former = withFormerLedgers(
    parseVerifierKey(manifest.ledger.verifierKey),
    formerLedgersOf(order, manifest),
  );
  const loss = await judgeLoss(manifest, former, order.outside);
  requireClockBeyond(loss, order);
  if (loss.verdict !== "none" && !order.acceptLoss)
    throw new SmkiError("RESTORE_LOSES_ACTS", lossDetails(loss));
  order.onStep?.(`back-up of ${manifest.takenAt} checked: ${describeLoss(loss)}`);
  order.afterStep?.("checked");

  const lock = await prepareFolder(order.dataFolder);
  try {
    order.afterStep?.("prepared");
    return await restorePrepared(order, read, former, loss);
  } finally {
    await lock.release();
  }
}

async function restorePrepared(
  order: RestoreOrder,
  read: ReadManifest,
  former: LedgerVerifier,
  loss: Loss,
): Promise<Restored> {
  const { dataFolder } = order;
  const { manifest } = read;
  const folder = preparationFolder(dataFolder);
  const id = randomBytes(16).toString("hex");
  const stores = {
    operational: storeInPreparation(order.keyStores.operational, dataFolder, manifest.estate),
    ceremony: storeInPreparation(order.keyStores.ceremony, dataFolder, manifest.estate),
  };
  const remarks = await placeFiles(order, manifest, folder, stores);
  writeFileSync(join(folder, restoreIdFile), `${id}\n`, { mode: 0o644 });
  order.onStep?.("files and key stores put in their places");
  order.afterStep?.("files");

  const server = await openTarget(order, folder, id);
  let made: Omit<Restored, "dataFolder" | "takenAt" | "loss" | "remarks"> & {
    readonly notReached: readonly string[];
  };
  try {
    await makeTables(server.database, manifest);
    order.afterStep?.("database");
    made = await restoreInto(server.database, server.connectionString, {
      order,
      read,
      former,
      loss,
      stores,
      files: estateFiles(folder),
    });
  } finally {
    await server.close();
  }
  syncTree(folder, join(folder, "postgresql"));
  order.afterStep?.("closed");
  // From this line on the estate is there. A crash before it leaves nothing that any service starts on.
  placeFolder(dataFolder);
  order.afterStep?.("placed");
  // A crash before this leaves the mark in an external database: whoever opens the estate takes it away.
  if (order.databaseUrl !== undefined) await finishExternal(order.databaseUrl, id);
  order.afterStep?.("finished");
  const { notReached, ...rest } = made;
  return {
    dataFolder,
    takenAt: manifest.takenAt,
    loss,
    ...rest,
    remarks: [
      ...remarks,
      ...notReached.map((what) => `Not reached, so not compared with the database: ${what}.`),
      ...manifest.notHeld.slice(0, -1),
    ],
  };
}

interface Work {
  readonly order: RestoreOrder;
  readonly read: ReadManifest;
  readonly former: LedgerVerifier;
  readonly loss: Loss;
  readonly stores: EstateKeyStores;
  readonly files: EstateFiles;
}

/** Everything that happens in the database, and the ledger's signer beside it. */
async function restoreInto(database: Database, connectionString: string, work: Work) {
  const { order, read, former, loss, stores, files } = work;
  const { manifest } = read;
  await loadTables(database, connectionString, order.backup, manifest, skipOf(work), order.onTable);
  order.onStep?.(`${String(manifest.tables.length)} tables loaded`);
  order.afterStep?.("loaded");
  const migrated = await migrate(database);
  if (migrated.length > 0) order.onStep?.(`brought to this release: ${migrated.join(", ")}`);
  order.afterStep?.("migrated");

  const keys = await openRestoredKeys(database, stores, otherLabels);
  try {
    const ledger = await restoreLedger({
      database,
      operational: keys.operational,
      files,
      read,
      loss,
      former,
      issuingDcaFloor: keys.highestIssuingDca + (loss.verdict === "none" ? 0 : order.stockSize),
      by: order.by,
      now: order.clock(),
    });
    order.onStep?.(
      ledger.isSuccessor
        ? `the ledger goes on under another origin, ${ledger.origin}`
        : `the ledger goes on as ${ledger.origin}`,
    );
    order.afterStep?.("ledger");
    if (ledger.lostActs !== undefined) writeLostActs(files.data, ledger.lostActs);
    const report = await verifyRestored(database, files);
    order.onStep?.(report.holds ? "the ledger holds" : "the ledger does NOT hold");
    order.afterStep?.("verified");
    const ledgerKey = await findLedgerKey(keys.operational, former);
    return {
      ledger,
      report,
      unknownKeys: keys.unknown.filter((label) => label !== ledgerKey),
      notReached: keys.notReached,
    };
  } finally {
    await closeKeys(keys);
  }
}

const closeKeys = ({ operational }: KeysFound): Promise<void> => operational.close();

/** Labels of keys and secrets that are no CA's, and stand in no row. */
const otherLabels = ["ledger", "ceremony-record", "contingency", "contingency-symmetric-key"];

/** The whole of it, from the bytes, as `smki ledger verify` does. */
async function verifyRestored(database: Database, files: EstateFiles): Promise<LedgerReport> {
  const report = await verifyLedger(database, {
    verifierKey: readFileSync(files.ledgerVerifierKey, "utf8"),
    formerLedgers: existsSync(files.formerLedgerKeys) ? readFileSync(files.formerLedgerKeys, "utf8") : "",
    certificates: certificateDigests,
    knownCheckpoints: [readFileSync(files.lastCheckpoint, "utf8")],
  });
  return withFindings(report, await database.read(verifyRecords, { snapshot: true }));
}

function requireSuitable(manifest: Manifest, { environment, clock }: RestoreOrder): void {
  if (manifest.environment !== environment)
    throw new SmkiError("ESTATE_ENVIRONMENT_MISMATCH", {
      database: manifest.environment,
      settings: environment,
    });
  requireKnownMigrations(manifest);
  const latest = [manifest.takenAt, manifest.ledger.lastActAt ?? manifest.takenAt].toSorted().at(-1) ?? "";
  if (clock().getTime() < Date.parse(latest))
    throw new SmkiError("RESTORE_CLOCK_BEHIND", { clock: clock().toISOString(), known: latest });
}

/** Serial numbers and dates that are lost with the acts are times of the past, as long as the clock is right. */
function requireClockBeyond({ acts }: Loss, { clock }: RestoreOrder): void {
  const latest =
    acts
      ?.map(({ at }) => at)
      .toSorted()
      .at(-1) ?? "";
  if (latest !== "" && clock().getTime() < Date.parse(latest))
    throw new SmkiError("RESTORE_CLOCK_BEHIND", { clock: clock().toISOString(), known: latest });
}

function lossDetails(loss: Loss): Record<string, string | number> {
  const { from, to, verdict, acts } = loss;
  return {
    loss: describeLoss(loss),
    from,
    ...(verdict === "certain" ? { to: to - 1 } : {}),
    ...(acts === undefined ? {} : { acts: acts.length }),
  };
}

function formerLedgersOf({ backup }: RestoreOrder, manifest: Manifest): string {
  const file = manifest.files.find(({ path }) => path === "files/former-ledger-keys.txt");
  return file === undefined ? "" : readFileSync(join(backup, file.path), "utf8");
}

/** Numbers that may have been given out after the back-up are not given again. */
function skipOf({ order, read, loss }: Work): Skip {
  if (loss.verdict === "none") return () => 0;
  const elapsed = Math.max(0, order.clock().getTime() - Date.parse(read.manifest.takenAt));
  return (table) => skipOfOthers + (busyTables.has(table) ? elapsed : 0);
}

async function placeFiles(
  { backup }: RestoreOrder,
  manifest: Manifest,
  folder: string,
  stores: EstateKeyStores,
): Promise<string[]> {
  const put = (path: string, to: string) => {
    const file = join(folder, to);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, readFileSync(join(backup, path)), { mode: 0o600, flag: "wx" });
  };
  for (const { path } of manifest.files) {
    if (path.startsWith("files/")) put(path, path.slice("files/".length));
    else if (manifest.settingsFile === "in-data-folder") put(path, "smki.toml");
  }
  mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
  const remarks: string[] = [];
  for (const store of [stores.operational, stores.ceremony]) {
    const remark = await placeKeyFile(backup, manifest, store);
    if (remark !== undefined) remarks.push(remark);
  }
  return remarks;
}

async function openTarget({ databaseUrl }: RestoreOrder, folder: string, id: string) {
  const server =
    databaseUrl === undefined
      ? await startEmbeddedServer({ dataFolder: folder })
      : { connectionString: databaseUrl, stop: () => Promise.resolve() };
  const { connectionString } = server;
  const database = connect({ connectionString }, { applicationName: "smki restore", poolSize: 4 });
  const close = async () => {
    try {
      await database.close();
    } finally {
      await server.stop();
    }
  };
  try {
    if (databaseUrl !== undefined) await markDatabase(database, id);
    return { database, connectionString, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function finishExternal(connectionString: string, id: string): Promise<void> {
  const database = connect({ connectionString }, { applicationName: "smki restore", poolSize: 1 });
  try {
    await finishRestore(database, id);
  } finally {
    await database.close();
  }
}

/** A line for each lost act, for people: leaf, time, kind, serial number. */
function writeLostActs(folder: string, acts: NonNullable<RestoredLedger["lostActs"]>): void {
  const lines = acts.map(({ leaf, at, kind, serialNumber }) =>
    [String(leaf), at, kind, serialNumber ?? "-"].join("\t"),
  );
  writeFileSync(join(folder, "lost-acts.txt"), `${lines.join("\n")}\n`, { mode: 0o600 });
}
