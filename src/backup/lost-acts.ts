import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { decodeAct } from "../ledger/act-encoding.ts";
import { type Checkpoint, openCheckpoint } from "../ledger/checkpoint.ts";
import { splitBundle } from "../ledger/entry-bundle.ts";
import type { LedgerVerifier } from "../ledger/former-ledgers.ts";
import { edgeRoot, emptyEdge, extendEdge, type TreeEdge } from "../ledger/tree/edge.ts";
import { leafHash } from "../ledger/tree/hash.ts";
import { tilePath, tileWidth, widthInTree } from "../ledger/tree/tile.ts";
import type { Manifest } from "./manifest.ts";

/** What is known from outside of the back-up. */
export interface OutsideKnowledge {
  /**
   * The file `keys/last-checkpoint` of the estate that is gone, itself and no copy of earlier: its signer has signed for
   * nothing later.
   */
  readonly signerCheckpoint?: string;
  /** Other checkpoints that were kept elsewhere: they can show that acts were lost, never that none was. */
  readonly checkpoints: readonly string[];
  /** A folder with a copy of the ledger (C2SP tlog-tiles). */
  readonly copy?: string;
  /** The operator states that nothing was recorded after the back-up: the service was stopped before it, say. */
  readonly nothingLost: boolean;
}

/** An act that the restored estate does not have. */
export interface LostAct {
  readonly leaf: number;
  readonly kind: string;
  readonly at: string;
  /** Of the certificate or credential that it concerned. */
  readonly serialNumber?: string;
  /** The entry's bytes, as the ledger had them. */
  readonly entry: Buffer;
}

/** What the back-up lacks, as far as anyone can tell. */
export interface Loss {
  /** Whether acts are known to be lost, may be, or are not. */
  readonly verdict: "none" | "possible" | "certain";
  /** The first leaf that the back-up does not hold. */
  readonly from: number;
  /** The first leaf that no checkpoint from outside covers; `from` where nothing is known to be lost. */
  readonly to: number;
  /** When the last act that is held was recorded. */
  readonly after?: string;
  /** Every checkpoint from outside, the largest last. */
  readonly outside: readonly Checkpoint[];
  /** Their notes, in that order. */
  readonly notes: readonly string[];
  /** Each lost act, where a copy of the ledger was given that is beyond the back-up. */
  readonly acts?: readonly LostAct[];
  /** The first leaf that such a copy does not name; `from` where there is none. */
  readonly namedTo: number;
  /**
   * The operator states that nothing was recorded after the back-up. Otherwise, though no leaf is lost, there may have
   * been acts that had none yet: of the last second, or of as long as the ledger's signer was away.
   */
  readonly isStopped: boolean;
}

/**
 * Judges what a back-up lacks, before anything is restored.
 *
 * Only two things show that no leaf was lost: the signer's own last checkpoint, since it keeps what it signed before it
 * gives it away; or the word of the operator. Any other checkpoint within the back-up says nothing of later ones.
 *
 * @param verifier - the ledger's, from the back-up
 * @throws SmkiError LEDGER_NOTE_UNVERIFIED, LEDGER_NOTE_MALFORMED, RESTORE_CONTRADICTED, RESTORE_CHECKPOINT_NOT_LAST,
 *   RESTORE_COPY_DAMAGED
 */
export async function judgeLoss(
  manifest: Manifest,
  verifier: LedgerVerifier,
  known: OutsideKnowledge,
): Promise<Loss> {
  const { size, lastActAt } = manifest.ledger;
  const copied = known.copy === undefined ? undefined : await readText(join(known.copy, "checkpoint"));
  const given = [known.signerCheckpoint, copied, ...known.checkpoints].filter((note) => note !== undefined);
  const opened = given
    .map((note) => ({ note, checkpoint: openCheckpoint(note, verifier) }))
    // A checkpoint of a ledger before this one says nothing of this one's end.
    .filter(({ checkpoint }) => checkpoint.origin === verifier.name)
    .toSorted((left, right) => left.checkpoint.size - right.checkpoint.size);
  const largest = opened.at(-1)?.checkpoint;
  if (known.signerCheckpoint !== undefined)
    requireLast(known.signerCheckpoint, [manifest.ledger.checkpoint, ...given], verifier);
  const beyond = largest !== undefined && largest.size > size ? largest : undefined;
  if (beyond !== undefined && known.nothingLost)
    throw new SmkiError("RESTORE_CONTRADICTED", { held: size, covered: beyond.size });
  const isCertainOfNone = known.nothingLost || known.signerCheckpoint !== undefined;
  const copy = opened.find(({ note, checkpoint }) => note === copied && checkpoint.size > size)?.checkpoint;
  const acts =
    copy === undefined || known.copy === undefined
      ? undefined
      : await readLostActs(known.copy, manifest, copy);
  return {
    verdict: beyond !== undefined ? "certain" : isCertainOfNone ? "none" : "possible",
    from: size,
    to: beyond?.size ?? size,
    ...(lastActAt === undefined ? {} : { after: lastActAt }),
    outside: opened.map(({ checkpoint }) => checkpoint),
    notes: opened.map(({ note }) => note),
    ...(acts === undefined ? {} : { acts }),
    namedTo: copy?.size ?? size,
    isStopped: known.nothingLost,
  };
}

/**
 * Refuses what is given as the signer's last checkpoint where another shows that it was not the last: a copy of
 * earlier, or that of a ledger before this one. Taken at its word, the ledger would sign other leaves in the place of
 * those that are lost.
 *
 * @throws SmkiError RESTORE_CHECKPOINT_NOT_LAST
 */
function requireLast(signed: string, others: readonly string[], verifier: LedgerVerifier): void {
  const { origin, size } = openCheckpoint(signed, verifier);
  for (const other of others.map((note) => openCheckpoint(note, verifier)))
    if (origin !== verifier.name || (other.origin === origin && other.size > size))
      throw new SmkiError("RESTORE_CHECKPOINT_NOT_LAST", { origin, size, known: other.size });
}

/**
 * Reads the lost acts out of a copy of the ledger. The whole copy is hashed: it must begin with the very tree that the
 * back-up holds, and end in the root that its checkpoint signs. So no entry of it can be made up.
 */
async function readLostActs(
  folder: string,
  { ledger }: Manifest,
  checkpoint: Checkpoint,
): Promise<LostAct[]> {
  const lost: LostAct[] = [];
  let edge: TreeEdge = emptyEdge;
  for (let index = 0; index * tileWidth < checkpoint.size; index += 1) {
    const width = widthInTree(0, index, checkpoint.size);
    const entries = await readBundle(folder, index, width);
    const kept = Math.max(0, Math.min(width, ledger.size - index * tileWidth));
    edge = extend(edge, entries.slice(0, kept));
    if (edge.size === ledger.size && kept > 0) requireRoot(edge, ledger.root, "it has another history");
    edge = extend(edge, entries.slice(kept));
    for (const [place, entry] of entries.entries())
      if (place >= kept) lost.push(describe(index * tileWidth + place, entry));
  }
  requireRoot(edge, checkpoint.root.toString("hex"), "its entries do not give the root that is signed");
  return lost;
}

const extend = (edge: TreeEdge, entries: readonly Buffer[]): TreeEdge =>
  entries.length === 0 ? edge : extendEdge(edge, Buffer.concat(entries.map(leafHash))).edge;

function requireRoot(edge: TreeEdge, root: string, reason: string): void {
  if (edgeRoot(edge).toString("hex") !== root)
    throw new SmkiError("RESTORE_COPY_DAMAGED", { reason, size: edge.size });
}

async function readBundle(folder: string, index: number, width: number): Promise<Buffer[]> {
  const path = tilePath({ level: "entries", index, width });
  const file = join(folder, path);
  try {
    const entries = splitBundle(await readFile(file), width);
    if (entries !== undefined) return entries;
  } catch (cause) {
    throw new SmkiError("RESTORE_COPY_DAMAGED", { reason: "a bundle cannot be read", file: path }, { cause });
  }
  throw new SmkiError("RESTORE_COPY_DAMAGED", { reason: "a bundle has another length", file: path });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SmkiError("RESTORE_COPY_DAMAGED", { reason: "a file cannot be read", file }, { cause });
  }
}

function describe(leaf: number, entry: Buffer): LostAct {
  try {
    const { kind, at, subject } = decodeAct(entry);
    const serial = subject["serialNumber"];
    return {
      leaf,
      kind,
      at: at.toISOString(),
      entry,
      ...(typeof serial === "string" ? { serialNumber: serial } : {}),
    };
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return { leaf, kind: "(no act that this release knows)", at: "", entry };
  }
}

/** The loss in words, without a final stop. */
export function describeLoss({ verdict, from, to, after, isStopped }: Loss): string {
  const since = after === undefined ? "" : `, recorded after ${after}`;
  if (verdict === "none")
    return `${isStopped ? "nothing" : "no leaf"} is lost: the back-up holds all ${String(from)} leaves`;
  if (verdict === "certain") return `leaves ${String(from)} to ${String(to - 1)} are lost${since}`;
  return `leaves from ${String(from)} on may be lost${since}; no checkpoint from outside says how many`;
}
