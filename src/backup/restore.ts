import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { certificateDigests } from "../authorities/certificate-rows.ts";
import { verifyRecords } from "../authorities/verification/verify-records.ts";
import type { Database } from "../database/connect.ts";
import { migrate } from "../database/migrate.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { type LedgerVerifier, withFormerLedgers } from "../ledger/former-ledgers.ts";
import { findLedgerKey } from "../ledger/ledger-key.ts";
import { parseVerifierKey } from "../ledger/note.ts";
import { type LedgerReport, verifyLedger, withFindings } from "../ledger/verify-ledger.ts";
import { checkBackup } from "./check-backup.ts";
import { syncTree } from "./durable-files.ts";
import { type EstateFiles, type EstateKeyStores, estateFiles } from "./estate-files.ts";
import { loadTables, makeTables } from "./load-database.ts";
import { describeLoss, judgeLoss, type Loss } from "./lost-acts.ts";
import { type ReadManifest, readManifest } from "./manifest.ts";
import { placeFiles, writeLostActs } from "./place-files.ts";
import {
  formerLedgersOf,
  lossDetails,
  requireClockBeyond,
  requireSpace,
  requireSuitable,
  skipOf,
} from "./restore-checks.ts";
import { finishExternal, openTarget } from "./restore-database.ts";
import { type KeysFound, openRestoredKeys, storeInPreparation } from "./restore-keys.ts";
import { restoreLedger } from "./restore-ledger.ts";
import type { Restored, RestoreOrder } from "./restore-order.ts";
import {
  placeFolder,
  preparationFolder,
  prepareFolder,
  requireEmptyFolder,
  restoreIdFile,
} from "./restore-target.ts";

export { type RestoreStep, restoreSteps } from "./restore-order.ts";

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
  const { manifest: unread } = readManifest(order.backup);
  requireSuitable(unread, order);
  const rows = unread.tables.reduce((sum, table) => sum + table.rows, 0);
  order.onStep?.(
    `reading the back-up of ${unread.takenAt}: ${String(rows)} rows in ${String(unread.tables.length)} tables`,
  );
  const read = await checkBackup(order.backup);
  const { manifest } = read;
  const former = withFormerLedgers(
    parseVerifierKey(manifest.ledger.verifierKey),
    formerLedgersOf(order, manifest),
  );
  const loss = await judgeLoss(manifest, former, order.outside);
  requireClockBeyond(loss, order);
  if (loss.verdict !== "none" && !order.acceptLoss)
    throw new SmkiError("RESTORE_LOSES_ACTS", lossDetails(loss));
  await requireSpace(order, read);
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
  await loadTables(
    database,
    connectionString,
    order.backup,
    manifest,
    skipOf(order, manifest, loss),
    order.onTable,
  );
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
      floors: {
        issuingDcaFloor: keys.highestIssuingDca + (loss.isStopped ? 0 : order.stockSize),
        replacementFloor: keys.highestReplacement + (loss.isStopped ? 0 : mostReplacements),
      },
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

/** More CAs than are replaced between two back-ups, by far; their numbers have four digits. */
const mostReplacements = 10;

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
