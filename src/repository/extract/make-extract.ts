import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { parseCheckpoint } from "../../ledger/checkpoint.ts";
import { isOfThisLedger, shownCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import { parseNote } from "../../ledger/note.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Clock } from "../../time/clock.ts";
import { localTime } from "../../time/local-time.ts";
import { type ExtractRecord, insertExtract, selectExtracts, wasPublished } from "./extract-store.ts";
import {
  beginMaking,
  discardMaking,
  endMaking,
  type Making,
  placeParts,
  readMaking,
  tidyParts,
} from "./making.ts";
import { digestOfManifest, extractedKinds, formatManifest, type Manifest, nameOf } from "./manifest.ts";
import { writable } from "./writable.ts";
import { writeParts } from "./write-parts.ts";

/**
 * The steps of making an extract, in order, by which tests kill it after each: what is to be made is written down; a part
 * is durable; it is written down that it is (these two for each part); the folder has its name; it is published; what was
 * written down is removed.
 */
export type ExtractStep = "begun" | "part written" | "part recorded" | "placed" | "published" | "ended";

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
  /** Aborted: stop. The next run goes on from there. */
  readonly stop?: AbortSignal;
  /** Rows of a full extract, or leaves of a delta, that make a part. Default: a million. */
  readonly partSize?: number;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: ExtractStep) => void;
  readonly onWritten?: (written: WrittenExtract) => void;
}

/** How much was written, and how long it took. */
export interface WrittenExtract {
  readonly name: string;
  /** Octets of rows that this run wrote, before they were compressed. */
  readonly rowOctets: number;
  /** Octets of all its files. */
  readonly fileOctets: number;
  readonly milliseconds: number;
  /** An earlier run had begun it. */
  readonly resumed: boolean;
}

/** The election: one process makes extracts. */
const extractLock = 0x5e_de6c_0016n;
/** Leaves since its checkpoint after which an interrupted one is begun again: what came since is held in memory. */
const mostLateLeaves = 200_000;

/**
 * Makes a delta from the extract before it to the newest checkpoint; of kind `full` all that stands there besides, under
 * the same checkpoint, so that the deltas go on from either. The first is a full one. One that a crash interrupted is
 * gone on with first, under the checkpoint it had, from the last part that was recorded.
 *
 * @returns what was made, in order; none when there is nothing newer
 * @throws SmkiError EXTRACT_TOO_EARLY, EXTRACT_UNDER_WAY, EXTRACT_UNWRITABLE, EXTRACT_DISAGREES_WITH_LEDGER
 */
export async function makeExtracts(
  context: ExtractContext,
  kind: Manifest["kind"],
): Promise<ExtractRecord[]> {
  const locked = await context.database.tryWithSessionLock(extractLock, (lost) => {
    const stop = context.stop === undefined ? lost : AbortSignal.any([lost, context.stop]);
    return makeInTurn({ ...context, stop }, kind);
  });
  if (locked === undefined) throw new SmkiError("EXTRACT_UNDER_WAY");
  return locked.result;
}

/** The kind of the extract whose making was interrupted, or is under way; undefined when there is none. */
export const unfinishedKind = async (folder: string): Promise<Manifest["kind"] | undefined> =>
  (await readMaking(folder))?.kind;

type Stoppable = ExtractContext & { readonly stop: AbortSignal };

async function makeInTurn(context: Stoppable, kind: Manifest["kind"]): Promise<ExtractRecord[]> {
  const { database, quorum } = context;
  const before = await database.read(selectExtracts);
  const checkpoint = await database.read((tx) => shownCheckpointNote(tx, quorum));
  if (checkpoint === "") throw new SmkiError("EXTRACT_TOO_EARLY");
  const newest = { checkpoint, size: sizeOf(checkpoint) };
  const made: ExtractRecord[] = [];
  const make = async (order: Order) => {
    const begun = await writable(context.folder, () => begin(context, [...before, ...made], order));
    if (begun !== undefined) made.push(await finish(context, begun, false));
  };

  const interrupted = await writable(context.folder, () => takeUp(context, before, newest.size));
  if (interrupted !== undefined) made.push(await finish(context, interrupted, true));
  if (interrupted?.kind === kind) return made;
  const head = made[0]?.manifest ?? before.at(-1)?.manifest;
  if (head !== undefined && newest.size >= head.size && interrupted?.kind !== "delta")
    await make({ kind: "delta", fromSize: head.size, ...newest });
  if (head === undefined || kind === "full") {
    // Where the deltas stand: a full one between two of their checkpoints could not be brought up to date.
    const { checkpoint: note, size } = made.at(-1)?.manifest ?? head ?? newest;
    await make({ kind: "full", fromSize: 0, checkpoint: note, size });
  }
  return made;
}

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

/** What is to be made: its kind, and the checkpoints that it lies between. */
type Order = Pick<Making, "kind" | "fromSize" | "checkpoint" | "size">;

/** Writes down what is to be made. @returns undefined for one that is there: of the same day and checkpoint, it would say the same */
async function begin(
  { database, clock, folder, afterStep }: ExtractContext,
  there: readonly ExtractRecord[],
  order: Order,
): Promise<Making | undefined> {
  const madeAt = clock();
  const name = nameOf(order.kind, localTime(madeAt).date, order.size);
  if (there.some(({ manifest }) => manifest.name === name)) return undefined;
  if (await database.read((tx) => wasPublished(tx, name))) return undefined;
  const making: Making = {
    ...order,
    name,
    madeAt: madeAt.toISOString(),
    files: [],
    next: { rows: "certificates", after: "", lists: {} },
  };
  await beginMaking(folder, making);
  afterStep?.("begun");
  return making;
}

/** What a crash interrupted, if it can be gone on with; if not, nothing of it is left. */
async function takeUp(
  { database, folder }: ExtractContext,
  before: readonly ExtractRecord[],
  newestSize: number,
): Promise<Making | undefined> {
  const making = await readMaking(folder);
  if (making === undefined || (await database.read((tx) => wasPublished(tx, making.name)))) {
    await endMaking(folder);
    return undefined;
  }
  const head = before.at(-1)?.manifest;
  const goesOn =
    making.kind === "delta" ? making.fromSize === head?.size : making.size === (head?.size ?? making.size);
  const { checkpoint } = making;
  if (
    goesOn &&
    making.size <= newestSize &&
    newestSize - making.size <= mostLateLeaves &&
    (await database.read((tx) => isOfThisLedger(tx, checkpoint))) &&
    (await tidyParts(folder, making))
  )
    return making;
  await discardMaking(folder, making);
  return undefined;
}

/** From wherever it stands to its publication. */
async function finish(context: Stoppable, begun: Making, resumed: boolean): Promise<ExtractRecord> {
  const { database, folder, by, stop, afterStep, onWritten } = context;
  const started = performance.now();
  const { making, rowOctets } = await writable(folder, () => writeParts(context, begun));
  const record = recordOf(making);
  await writable(folder, () => placeParts(folder, making.name, record.manifestText));
  afterStep?.("placed");
  stop.throwIfAborted();
  // From its commit on it is served. A crash before leaves a folder that nobody sees, and the next run comes here again.
  await database.transaction(async (tx) => {
    await insertExtract(tx, record);
    const { name, fromSize, size } = making;
    const subject = { name, fromSize, size, manifest: digestOfManifest(record.manifestText) };
    await recordActs(tx, [{ kind: "extract.published", at: context.clock(), by, subject }]);
  });
  afterStep?.("published");
  await endMaking(folder);
  afterStep?.("ended");
  onWritten?.({
    name: making.name,
    rowOctets,
    fileOctets: making.files.reduce((sum, { octets }) => sum + octets, 0),
    milliseconds: performance.now() - started,
    resumed,
  });
  return record;
}

/** The same for the same parts, whoever asks and when: a crash may come between the manifest and the row. */
function recordOf({ name, kind, madeAt, fromSize, size, checkpoint, files }: Making): ExtractRecord {
  const manifest: Manifest = {
    format: "opensmki-extract",
    version: 1,
    name,
    kind,
    madeAt,
    kinds: [...extractedKinds],
    fromSize,
    checkpoint,
    size,
    files,
  };
  return { manifest, manifestText: formatManifest(manifest), madeAt: new Date(madeAt) };
}
