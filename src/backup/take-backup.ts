import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { readLastCheckpoint } from "../ledger/restored-ledger.ts";
import type { BackupOrder } from "./backup-order.ts";
import { copyDatabase } from "./copy-database.ts";
import { copyFiles, isIn } from "./copy-files.ts";
import { syncFolder, syncTree, writeOctets } from "./durable-files.ts";
import { copyKeyStore, keptElsewhere } from "./key-store-copies.ts";
import { type Manifest, manifestName, manifestVersion, type StoredKeyStore } from "./manifest.ts";

export { type BackupStep, backupSteps } from "./backup-order.ts";

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
 * One back-up of an estate is taken at a time: two of one name would write into one folder.
 *
 * @throws SmkiError BACKUP_FOLDER_EXISTS, BACKUP_NOT_WRITTEN, BACKUP_UNDER_WAY, and whatever keeps the database away
 */
export async function takeBackup(order: BackupOrder): Promise<TakenBackup> {
  const taken = await order.database.tryWithSessionLock(backupLock, (lost) => takeAlone(order, lost));
  if (taken === undefined) throw new SmkiError("BACKUP_UNDER_WAY");
  return taken.result;
}

/** One back-up at a time, wherever it is taken from: "SMKIbkup" in ASCII. */
const backupLock = 0x534d4b49_626b7570n;

async function takeAlone(order: BackupOrder, lost: AbortSignal): Promise<TakenBackup> {
  const folder = resolve(order.folder);
  if (existsSync(folder)) throw new SmkiError("BACKUP_FOLDER_EXISTS", { folder });
  try {
    return await takeInto(folder, order, lost);
  } catch (error) {
    removePartial(folder);
    const { code, path } = error as NodeJS.ErrnoException;
    if (isSmkiError(error) || !unwritable.has(code ?? "")) throw error;
    throw new SmkiError(
      "BACKUP_NOT_WRITTEN",
      { folder: path ?? folder, reason: code ?? "" },
      { cause: error },
    );
  }
}

/** What failed is of no use, and on a full disk in the way. Only what was killed stays, for the next of that name. */
function removePartial(folder: string): void {
  try {
    rmSync(partialOf(folder), { recursive: true, force: true });
  } catch {
    // Why the back-up failed is what is told.
  }
}

const partialOf = (folder: string): string => `${folder}.partial`;

/** What a file system says that is full, closed or broken. */
const unwritable = new Set([
  "ENOSPC",
  "EDQUOT",
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOTDIR",
  "EEXIST",
  "EIO",
  "EFBIG",
]);

async function takeInto(folder: string, order: BackupOrder, lost: AbortSignal): Promise<TakenBackup> {
  const partial = partialOf(folder);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(partial, { mode: 0o700 });
  await order.afterStep?.("begun");

  const checkpoint = await readLastCheckpoint(order.files.lastCheckpoint);
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
  lost.throwIfAborted();
  // A crash before this line leaves the folder `.partial`. rename(2) gives the whole of it its name, or none.
  renameSync(partial, folder);
  syncFolder(dirname(folder));
  await order.afterStep?.("renamed");
  return { folder, manifest, octets: octetsOf(manifest) };
}

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
