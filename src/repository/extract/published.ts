import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Clock } from "../../time/clock.ts";
import {
  type ExtractRecord,
  markRemoved,
  selectExtract,
  selectExtracts,
  selectRemoved,
} from "./extract-store.ts";
import { digestOfManifest, type Manifest, manifestName } from "./manifest.ts";

export type { ExtractRecord } from "./extract-store.ts";

/** The extracts that were published and not deleted, the oldest first, wherever their files are. */
export const extractRecords = (tx: Tx): Promise<ExtractRecord[]> => selectExtracts(tx);

/** A file that is for users of the repository. */
export interface PublishedFile {
  readonly name: string;
  readonly octets: number;
  readonly sha256: string;
}

/** An extract as users see it. */
export interface PublishedExtract {
  readonly name: string;
  readonly kind: Manifest["kind"];
  readonly madeAt: Date;
  readonly fromSize: number;
  readonly size: number;
  /** The manifest first. */
  readonly files: readonly PublishedFile[];
}

/** A published file that was opened; the caller closes it. */
export interface OpenedFile extends PublishedFile {
  readonly handle: FileHandle;
}

/** The extracts that are published and whose files are here; the oldest first. */
export async function publishedExtracts(database: Database, folder: string): Promise<PublishedExtract[]> {
  const records = await database.read(selectExtracts);
  const here = await Promise.all(records.map(({ manifest }) => isFolder(join(folder, manifest.name))));
  return records.filter((_, index) => here[index]).map(asPublished);
}

const asPublished = ({ manifest, manifestText, madeAt }: ExtractRecord): PublishedExtract => ({
  name: manifest.name,
  kind: manifest.kind,
  madeAt,
  fromSize: manifest.fromSize,
  size: manifest.size,
  files: [
    { name: manifestName, octets: Buffer.byteLength(manifestText), sha256: digestOfManifest(manifestText) },
    ...manifest.files.map(({ name, octets, sha256 }) => ({ name, octets, sha256 })),
  ],
});

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Opens a published file. What is asked for is looked up among what is published, and never becomes a path by itself.
 *
 * @throws SmkiError EXTRACT_NOT_FOUND
 */
export async function openPublished(
  database: Database,
  folder: string,
  extract: string,
  file: string,
): Promise<OpenedFile> {
  const record = await database.read((tx) => selectExtract(tx, extract));
  const found = record && asPublished(record).files.find(({ name }) => name === file);
  if (record === undefined || found === undefined) throw notFound(extract, file);
  let handle: FileHandle;
  try {
    // A link that somebody put there is not followed.
    handle = await open(
      join(folder, record.manifest.name, found.name),
      constants.O_RDONLY | constants.O_NOFOLLOW,
    );
  } catch (cause) {
    throw notFound(extract, file, cause);
  }
  const stats = await handle.stat();
  if (stats.isFile() && stats.size === found.octets) return { ...found, handle };
  await handle.close();
  throw notFound(extract, file);
}

const notFound = (extract: string, file: string, cause?: unknown): SmkiError =>
  new SmkiError("EXTRACT_NOT_FOUND", { extract: extract.slice(0, 100), file: file.slice(0, 100) }, { cause });

/**
 * Pure: the extracts that are kept no longer: full ones but the newest so many, and the deltas up to the oldest of those,
 * so that from each full one that is there the deltas lead to now.
 */
export function outdated(records: readonly ExtractRecord[], keptFulls: number): string[] {
  const fulls = records.filter(({ manifest }) => manifest.kind === "full");
  const oldest = fulls.at(-keptFulls)?.manifest;
  if (oldest === undefined) return [];
  const kept = new Set(fulls.slice(-keptFulls).map(({ manifest }) => manifest.name));
  return records
    .map(({ manifest }) => manifest)
    .filter(
      (one) =>
        !kept.has(one.name) && one.size <= oldest.size && one.size < (records.at(-1)?.manifest.size ?? 0),
    )
    .map(({ name }) => name);
}

/** Deletes extracts that are kept no longer. @returns their names */
export async function removeOutdated(
  database: Database,
  folder: string,
  clock: Clock,
  keptFulls: number,
): Promise<string[]> {
  const names = outdated(await database.read(selectExtracts), keptFulls);
  if (names.length > 0) await database.transaction((tx) => markRemoved(tx, names, clock()));
  // A crash before this leaves files that nobody is served; the next run finds them here. Who reads one reads on: the
  // name goes, the file with its last reader.
  const removed = new Set(await database.read(selectRemoved));
  const here = (await readdir(folder).catch(() => [])).filter((name) => removed.has(name));
  for (const name of here) await rm(join(folder, name), { recursive: true, force: true });
  return names;
}
