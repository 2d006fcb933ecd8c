import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type FinishedIntent, finishedIntents } from "../../authorities/issuing/archived-intents.ts";
import type { Database } from "../../database/connect.ts";
import { type FinishedRequests, finishedRequests } from "../../issuance/archived-requests.ts";
import { compress, syncFolder, syncTree, writeOctets, writeStream } from "../durable-files.ts";
import type { StoredFile } from "../manifest.ts";

/** The file of records in an archive's folder: JSON, a record a line, compressed with zstd. */
export const recordsName = "records.ndjson.zst";

/** The folder of an archive. */
export const archiveFolder = (folder: string, id: number): string =>
  join(folder, String(id).padStart(6, "0"));

/** What was written. */
export interface WrittenArchive {
  readonly file: StoredFile;
  readonly intents: readonly number[];
  readonly chunks: readonly number[];
  readonly firstFinishedAt: Date;
  readonly lastFinishedAt: Date;
}

/** Rows read at a time: each holds up to 1,000 CSRs or certificates to be. */
const page = 20;

/**
 * Writes all records that were finished before a moment into a folder `NNNNNN.partial`, durably.
 *
 * @returns undefined where there are none: nothing is then made
 */
export async function writeArchive(
  database: Database,
  folder: string,
  id: number,
  before: Date,
): Promise<WrittenArchive | undefined> {
  if (!(await isAnyDue(database, before))) return undefined;
  const partial = `${archiveFolder(folder, id)}.partial`;
  // What a crash left: the records in it are still on line.
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  const found = { intents: [] as number[], chunks: [] as number[], times: [] as number[] };
  const lines = Readable.from(recordLines(database, before, found), { objectMode: false });
  const file = await writeStream(partial, recordsName, lines, compress());
  const [first, last] = found.times.reduce<[number, number]>(
    ([least, most], time) => [Math.min(least, time), Math.max(most, time)],
    [Number.POSITIVE_INFINITY, 0],
  );
  const written = {
    file,
    intents: found.intents,
    chunks: found.chunks,
    firstFinishedAt: new Date(first),
    lastFinishedAt: new Date(last),
  };
  const manifest = {
    format: "opensmki-archive",
    version: 1,
    archive: id,
    finishedBefore: before.toISOString(),
    firstFinishedAt: written.firstFinishedAt.toISOString(),
    lastFinishedAt: written.lastFinishedAt.toISOString(),
    intents: found.intents.length,
    chunks: found.chunks.length,
    file,
  };
  await writeOctets(partial, "manifest.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  syncTree(partial);
  return written;
}

function isAnyDue(database: Database, before: Date): Promise<boolean> {
  return database.read(async (tx) => {
    const intents = await finishedIntents(tx, before, 0, 1);
    return intents.length > 0 || (await finishedRequests(tx, before, 0, 1)).length > 0;
  });
}

/**
 * Gives a written archive its name, durably. One of that name with the same records is what a crash left before it was
 * recorded. Any other is of an estate that was restored from before it was made: it may hold what nothing else does, and
 * is kept beside it.
 */
export function placeArchive(folder: string, id: number, { sha256 }: StoredFile): void {
  const place = archiveFolder(folder, id);
  if (recordsDigest(place) === sha256) rmSync(place, { recursive: true });
  else if (existsSync(place)) renameSync(place, `${place}.unknown-${randomBytes(4).toString("hex")}`);
  renameSync(`${place}.partial`, place);
  syncFolder(folder);
}

/** What an archive's manifest says of its records; undefined where there is none to be read. */
function recordsDigest(place: string): string | undefined {
  try {
    const { file } = JSON.parse(readFileSync(join(place, "manifest.json"), "utf8")) as { file?: StoredFile };
    return file?.sha256;
  } catch {
    return undefined;
  }
}

/** Whether an archive has its folder. */
export const isThere = (folder: string, id: number): boolean => existsSync(archiveFolder(folder, id));

/** Removes the files of an archive, where there are any. */
export function removeArchive(folder: string, id: number): void {
  if (!isThere(folder, id)) return;
  rmSync(archiveFolder(folder, id), { recursive: true, force: true });
  syncFolder(folder);
}

async function* recordLines(
  database: Database,
  before: Date,
  found: { intents: number[]; chunks: number[]; times: number[] },
): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const intents = await database.read((tx) => finishedIntents(tx, before, after, page));
    for (const intent of intents) {
      found.intents.push(intent.id);
      found.times.push(intent.publishedAt.getTime());
      yield intentLine(intent);
    }
    if (intents.length < page) break;
    after = intents.at(-1)?.id ?? 0;
  }
  for (let after = 0; ; ) {
    const chunks = await database.read((tx) => finishedRequests(tx, before, after, page));
    for (const chunk of chunks) {
      found.chunks.push(chunk.id);
      found.times.push(chunk.finishedAt.getTime());
      yield requestsLine(chunk);
    }
    if (chunks.length < page) break;
    after = chunks.at(-1)?.id ?? 0;
  }
}

const base64 = (parts: readonly Buffer[]): string[] => parts.map((part) => part.toString("base64"));

function intentLine({ toBeSigned, ...intent }: FinishedIntent): string {
  return `${JSON.stringify({ kind: "intent", ...intent, toBeSigned: base64(toBeSigned) })}\n`;
}

function requestsLine({ requests, ...chunk }: FinishedRequests): string {
  return `${JSON.stringify({ kind: "requests", ...chunk, requests: base64(requests) })}\n`;
}
