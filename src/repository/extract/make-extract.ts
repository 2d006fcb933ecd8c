import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import type { Database } from "../../database/connect.ts";
import { openCopyOut } from "../../database/copy/copy-session.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { parseCheckpoint } from "../../ledger/checkpoint.ts";
import { shownCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import { parseNote } from "../../ledger/note.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Clock } from "../../time/clock.ts";
import { localTime } from "../../time/local-time.ts";
import { type ExtractRecord, insertExtract, selectExtracts } from "./extract-store.ts";
import {
  digestOfManifest,
  extractedKinds,
  formatManifest,
  isExtractName,
  type Manifest,
  type ManifestFile,
  manifestName,
  nameOf,
} from "./manifest.ts";
import { abandonFiles, beginFiles, type RowFiles } from "./row-files.ts";
import { writeDelta } from "./write-delta.ts";
import { writeFull } from "./write-full.ts";

/** The steps of making an extract, in order, by which tests stop it after each. */
export const extractSteps = ["begun", "written", "placed", "published"] as const;
export type ExtractStep = (typeof extractSteps)[number];

/** What extracts are made with. */
export interface ExtractContext {
  readonly database: Database;
  readonly connectionString: string;
  readonly clock: Clock;
  /** Where extracts lie. */
  readonly folder: string;
  /** Witnesses that must have cosigned the checkpoint; 0 for none. */
  readonly quorum: number;
  readonly by: string;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: ExtractStep) => void;
  readonly onWritten?: (written: WrittenExtract) => void;
}

/** How much was written, and how long it took. */
export interface WrittenExtract {
  readonly name: string;
  /** Octets of rows before they were compressed, and of the files. */
  readonly rowOctets: number;
  readonly fileOctets: number;
  readonly milliseconds: number;
}

/** The election: one process makes extracts. */
const extractLock = 0x5e_de6c_0016n;
/** Where one is made; whatever lies there was never published. */
const makingFolder = "making";
/** Names the folder that is being put in its place, until its row is there. */
const placingFile = "placing";

/** What is to be made: its kind, and the checkpoints that it lies between. */
interface Order {
  readonly kind: Manifest["kind"];
  readonly fromSize: number;
  readonly checkpoint: string;
  readonly size: number;
}

/**
 * Makes a delta from the extract before it to the newest checkpoint; of kind `full` all that stands there besides, under
 * the same checkpoint, so that the deltas go on from either. The first is a full one.
 *
 * A crash leaves a folder that nobody gets to see, and the next run begins it again.
 *
 * @returns what was made, in order; none when there is nothing newer
 * @throws SmkiError EXTRACT_TOO_EARLY, EXTRACT_UNDER_WAY, EXTRACT_UNWRITABLE, EXTRACT_DISAGREES_WITH_LEDGER
 */
export async function makeExtracts(
  context: ExtractContext,
  kind: Manifest["kind"],
): Promise<ExtractRecord[]> {
  const locked = await context.database.tryWithSessionLock(extractLock, () => makeInTurn(context, kind));
  if (locked === undefined) throw new SmkiError("EXTRACT_UNDER_WAY");
  return locked.result;
}

async function makeInTurn(context: ExtractContext, kind: Manifest["kind"]): Promise<ExtractRecord[]> {
  const { database, quorum } = context;
  const made: ExtractRecord[] = [];
  const before = await database.read(selectExtracts);
  await writable(context.folder, () => removeUnpublished(context.folder, before));
  const checkpoint = await database.read((tx) => shownCheckpointNote(tx, quorum));
  if (checkpoint === "") throw new SmkiError("EXTRACT_TOO_EARLY");
  const newest = { checkpoint, size: sizeOf(checkpoint) };
  const head = before.at(-1)?.manifest;
  if (head !== undefined && newest.size >= head.size)
    made.push(...(await makeUnlessThere(context, before, { kind: "delta", fromSize: head.size, ...newest })));
  if (head === undefined || kind === "full") {
    // Where the deltas stand: a full one between two of their checkpoints could not be brought up to date.
    const joint = made.at(-1)?.manifest ?? head ?? newest;
    const { checkpoint: note, size } = joint;
    made.push(
      ...(await makeUnlessThere(context, before, { kind: "full", fromSize: 0, checkpoint: note, size })),
    );
  }
  return made;
}

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

/** A second one of the same day and checkpoint would say the same under the same name. */
async function makeUnlessThere(
  context: ExtractContext,
  before: readonly ExtractRecord[],
  order: Order,
): Promise<ExtractRecord[]> {
  const madeAt = context.clock();
  const name = nameOf(order.kind, localTime(madeAt).date, order.size);
  const isThere = before.some(({ manifest }) => manifest.name === name);
  return isThere ? [] : [await makeOne(context, order, name, madeAt)];
}

async function makeOne(
  context: ExtractContext,
  order: Order,
  name: string,
  madeAt: Date,
): Promise<ExtractRecord> {
  const { database, folder, by, afterStep } = context;
  const making = join(folder, makingFolder);
  const place = join(folder, name);
  const record = await writable(folder, async () => {
    // There without a row: nobody was served it.
    await rm(place, { recursive: true, force: true });
    await mkdir(making, { recursive: true, mode: 0o755 });
    afterStep?.("begun");
    const files = await writeRows(context, order, making, name);
    const manifest: Manifest = {
      format: "opensmki-extract",
      version: 1,
      name,
      kind: order.kind,
      madeAt: madeAt.toISOString(),
      kinds: [...extractedKinds],
      fromSize: order.fromSize,
      checkpoint: order.checkpoint,
      size: order.size,
      files,
    };
    const manifestText = formatManifest(manifest);
    await writeFile(join(making, manifestName), manifestText, { flag: "wx", mode: 0o644, flush: true });
    await sync(making);
    afterStep?.("written");
    await writeFile(join(folder, placingFile), name, { flush: true });
    await rename(making, place);
    await sync(folder);
    afterStep?.("placed");
    return { manifest, manifestText, madeAt };
  });
  // From its commit on it is served. A crash before leaves a folder that the next run removes.
  await database.transaction(async (tx) => {
    await insertExtract(tx, record);
    const { fromSize, size } = order;
    const subject = { name, fromSize, size, manifest: digestOfManifest(record.manifestText) };
    await recordActs(tx, [{ kind: "extract.published", at: madeAt, by, subject }]);
  });
  afterStep?.("published");
  await rm(join(folder, placingFile), { force: true });
  return record;
}

/** What a crash left, half made or put in its place before its row: nobody was served it. */
async function removeUnpublished(folder: string, published: readonly ExtractRecord[]): Promise<void> {
  await rm(join(folder, makingFolder), { recursive: true, force: true });
  const name = await readFile(join(folder, placingFile), "utf8").catch(() => "");
  const isThere = published.some(({ manifest }) => manifest.name === name);
  // Nothing else in the folder is touched: it may be that of another estate.
  if (isExtractName(name) && !isThere) await rm(join(folder, name), { recursive: true, force: true });
  await rm(join(folder, placingFile), { force: true });
}

async function writeRows(
  { database, connectionString, onWritten }: ExtractContext,
  { kind, fromSize, size }: Order,
  folder: string,
  name: string,
): Promise<ManifestFile[]> {
  const begun = performance.now();
  const files = beginFiles(folder);
  try {
    const stored = await database.read(
      (tx) =>
        kind === "delta"
          ? writeDelta(tx, files, fromSize, size)
          : inSnapshot(connectionString, tx, (copy) => writeFull(tx, copy, files, size)),
      { snapshot: true },
    );
    onWritten?.({
      name,
      rowOctets: totalRowOctets(files),
      fileOctets: stored.reduce((sum, { octets }) => sum + octets, 0),
      milliseconds: performance.now() - begun,
    });
    return stored;
  } catch (error) {
    await abandonFiles(files);
    throw error;
  }
}

const totalRowOctets = (files: RowFiles): number =>
  Object.values(files).reduce((sum, { rowOctets }) => sum + rowOctets, 0);

async function inSnapshot<Result>(
  connectionString: string,
  tx: Parameters<typeof writeFull>[0],
  work: (copy: Parameters<typeof writeFull>[1]) => Promise<Result>,
): Promise<Result> {
  const { rows } = await sql<{ snapshot: string }>`select pg_export_snapshot() as snapshot`.execute(tx);
  const copy = await openCopyOut({ connectionString }, rows[0]?.snapshot ?? "", "smki extract copy");
  try {
    return await work(copy);
  } finally {
    await copy.close();
  }
}

/** Names made, renamed or removed in a folder become durable. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const ofFileSystem = /^(E[A-Z]+)$/;

/** @throws SmkiError EXTRACT_UNWRITABLE for what the file system refuses */
async function writable<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const { code = "", syscall } = cause as NodeJS.ErrnoException;
    if (cause instanceof SmkiError || syscall === undefined || !ofFileSystem.test(code)) throw cause;
    throw new SmkiError("EXTRACT_UNWRITABLE", { folder, reason: code }, { cause });
  }
}
