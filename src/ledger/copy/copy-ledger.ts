import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { type Checkpoint, openCheckpoint } from "../checkpoint.ts";
import { bundleHasHashes } from "../entry-bundle.ts";
import { decodeNoteText, formatVerifierKey, type NoteVerifier, parseLedgerKey } from "../note.ts";
import { emptyRoot } from "../tree/hash.ts";
import { proveConsistency } from "../tree/proof.ts";
import {
  type EntryBundleAddress,
  hashesAtLevel,
  levelsOfTree,
  type TileAddress,
  tilePath,
  tileWidth,
  widthInTree,
} from "../tree/tile.ts";
import { consistencyHolds } from "../tree/verify-proof.ts";
import { CheckedTiles, sourceDamaged } from "./checked-tiles.ts";
import { CopyFolder, checkpointName, verifierKeyName } from "./copy-folder.ts";
import { type LedgerResources, parallelRequests } from "./resources.ts";

/** What is copied, and where to. */
export interface CopyOptions {
  readonly folder: string;
  readonly resources: LedgerResources;
  /** The ledger's verifier key, got from elsewhere. Without it the first copy believes what is served. */
  readonly verifierKey?: string;
  /** Called now and then with the leaves copied and the tree's size. */
  readonly onProgress?: (leaves: number, size: number) => void;
}

/** What a copy has come to. */
export interface CopyResult {
  readonly size: number;
  /** The size before; 0 for a new copy. */
  readonly previousSize: number;
  /** Tiles and bundles that were fetched; the rest lay there from an earlier run. */
  readonly fetched: number;
  readonly verifierKey: string;
  /** Where the key came from. */
  readonly keyFrom: "given" | "served" | "copy";
}

/**
 * Copies a ledger, or what is new of it since the last time. Every tile and every entry is checked against the signed
 * checkpoint before it is written, and the checkpoint against the one before: a ledger that does not extend what
 * this folder holds is refused, and its checkpoint kept under `refused/` as the evidence.
 *
 * @throws SmkiError LEDGER_COPY_FORKED, LEDGER_COPY_ROLLED_BACK, LEDGER_COPY_KEY_CHANGED, LEDGER_COPY_DAMAGED,
 *   LEDGER_COPY_SOURCE_DAMAGED, LEDGER_COPY_UNDER_WAY, LEDGER_NOTE_UNVERIFIED and what the resources throw; the copy
 *   then stands as it was
 */
export async function copyLedger(options: CopyOptions): Promise<CopyResult> {
  const folder = new CopyFolder(options.folder);
  return folder.exclusively(() => copyInto(folder, options));
}

async function copyInto(folder: CopyFolder, options: CopyOptions): Promise<CopyResult> {
  const { resources, onProgress } = options;
  const { verifier, keyFrom } = await verifierOf(folder, options);
  const verifierKey = formatVerifierKey(verifier);
  const note = decodeNoteText(await resources.get(checkpointName));
  const checkpoint = openCheckpoint(note, verifier);
  const previous = await previousCheckpoint(folder, verifier);
  const result = { size: checkpoint.size, previousSize: previous.size, verifierKey, keyFrom };
  let fetched = 0;

  const load = async (
    address: TileAddress | EntryBundleAddress,
    accepts: (octets: Buffer) => boolean,
  ): Promise<Buffer> => {
    const path = tilePath(address);
    // A file of an interrupted run; a partial one is fetched again, since only its whole row of tiles can be checked.
    const present = address.width === tileWidth ? await folder.read(path) : undefined;
    if (present !== undefined && accepts(present)) return present;
    const octets = await resources.get(path);
    if (!accepts(octets)) throw sourceDamaged(address);
    fetched += 1;
    if (address.width === tileWidth || address.level === "entries") await folder.write(path, octets);
    return octets;
  };

  if (checkpoint.size < previous.size)
    throw await refusal("LEDGER_COPY_ROLLED_BACK", folder, previous, checkpoint, note);
  const tiles = await CheckedTiles.open(checkpoint, load);
  const proof = await proveConsistency(previous.size, checkpoint.size, tiles.readTiles);
  const claim = { oldSize: previous.size, oldRoot: previous.root, newSize: checkpoint.size };
  if (!consistencyHolds({ ...claim, newRoot: checkpoint.root, proof }))
    throw await refusal("LEDGER_COPY_FORKED", folder, previous, checkpoint, note);

  // Everything before the checkpoint: a crash up to there leaves the copy as it was, with files beside it that the
  // next run finds and checks.
  await folder.write(verifierKeyName, `${verifierKey}\n`);
  let copied = 0;
  const first = Math.floor(previous.size / tileWidth);
  const count = Math.ceil(checkpoint.size / tileWidth) - first;
  if (checkpoint.size > previous.size)
    await inParallel(count, async (offset) => {
      const index = first + offset;
      const tile = await tiles.read(0, index);
      const width = widthInTree(0, index, checkpoint.size);
      await load({ level: "entries", index, width }, (bundle) => bundleHasHashes(bundle, tile));
      copied += width;
      onProgress?.(Math.min(checkpoint.size, first * tileWidth + copied), checkpoint.size);
    });
  for (const { address, hashes } of tiles.edge) await folder.write(tilePath(address), hashes);
  await folder.settle();
  await folder.keepCheckpoint({ size: checkpoint.size, note });
  await folder.write(checkpointName, note);
  await folder.settle();
  // A crash here leaves partial tiles that wider ones have replaced: nobody asks for them any more.
  await removeReplaced(folder, previous.size, checkpoint.size);
  return { ...result, fetched };
}

async function verifierOf(
  folder: CopyFolder,
  { resources, verifierKey }: CopyOptions,
): Promise<{ verifier: NoteVerifier; keyFrom: CopyResult["keyFrom"] }> {
  const held = await folder.readText(verifierKeyName);
  const given = verifierKey?.trim();
  if (held !== undefined && given !== undefined && held.trim() !== given)
    throw new SmkiError("LEDGER_COPY_KEY_CHANGED", {
      held: held.trim().slice(0, 300),
      given: given.slice(0, 300),
    });
  if (given !== undefined) return { verifier: parseLedgerKey(given), keyFrom: "given" };
  if (held !== undefined) return { verifier: parseLedgerKey(held), keyFrom: "copy" };
  const served = decodeNoteText(await resources.get(verifierKeyName));
  return { verifier: parseLedgerKey(served), keyFrom: "served" };
}

/** The checkpoint that the copy stands at; the empty tree for a new one. @throws SmkiError LEDGER_COPY_DAMAGED */
async function previousCheckpoint(folder: CopyFolder, verifier: NoteVerifier): Promise<Checkpoint> {
  try {
    const note = await folder.readText(checkpointName);
    if (note === undefined) return { origin: verifier.name, size: 0, root: emptyRoot };
    return openCheckpoint(note, verifier);
  } catch (cause) {
    if (!isSmkiError(cause)) throw cause;
    throw new SmkiError("LEDGER_COPY_DAMAGED", { folder: folder.path, file: checkpointName }, { cause });
  }
}

/** Keeps the evidence: two checkpoints of one key, of which the newer does not extend the older. */
async function refusal(
  code: "LEDGER_COPY_FORKED" | "LEDGER_COPY_ROLLED_BACK",
  folder: CopyFolder,
  previous: Checkpoint,
  served: Checkpoint,
  note: string,
): Promise<SmkiError> {
  const file = `refused/${String(served.size)}-${served.root.toString("hex", 0, 8)}.txt`;
  await folder.write(file, note);
  return new SmkiError(code, {
    copy: previous.size,
    served: served.size,
    evidence: `${folder.path}/${file}`,
  });
}

/** Removes the partial tiles and the partial bundle of the tree before that wider ones have replaced. */
async function removeReplaced(folder: CopyFolder, before: number, now: number): Promise<void> {
  for (const level of levelsOfTree(before)) {
    const hashes = hashesAtLevel(level, before);
    const [index, width] = [Math.floor(hashes / tileWidth), hashes % tileWidth];
    if (width === 0 || widthInTree(level, index, now) === width) continue;
    await folder.remove(tilePath({ level, index, width }));
    if (level === 0) await folder.remove(tilePath({ level: "entries", index, width }));
  }
}

/**
 * Does the work for 0 to before `count`, several at a time, in order of their beginning. After a failure what is under
 * way is awaited, so that nothing is written any more when the caller is told.
 */
async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const worker = async () => {
    while (next < count && !hasFailed) {
      const index = next;
      next += 1;
      try {
        await work(index);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: parallelRequests }, worker));
  const failed = workers.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
