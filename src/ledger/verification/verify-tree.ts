import { isSmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { NoteVerifier } from "../note.ts";
import { emptyRoot } from "../tree/hash.ts";
import { vouchedBy } from "./checkpoint-check.ts";
import { Findings } from "./finding.ts";
import type { EntryRow, LedgerSource } from "./source.ts";
import type { VouchedRoot } from "./tile-judge.ts";
import { TreeCheck } from "./tree-check.ts";

/** What verifying a tree works with, wherever it is read from. */
export interface TreeVerification {
  readonly source: LedgerSource;
  readonly verifier: NoteVerifier;
  /** Signed checkpoints that were kept elsewhere, with or without cosignatures. */
  readonly knownCheckpoints: readonly string[];
  readonly findings: Findings;
  readonly mostMismatches: number;
  /** Told of every entry; gives the kind of its act, undefined where it is none. */
  readonly onEntry: (row: EntryRow) => string | undefined;
  readonly onProgress?: ((leaves: number, size: number) => void) | undefined;
}

/** What a tree is found to be. */
export interface VerifiedTree {
  /** Leaves in the tree. */
  readonly size: number;
  /** Leaves that the newest valid checkpoint covers. */
  readonly signedSize: number;
  /** Checkpoints whose signature and root hold. */
  readonly checkpoints: number;
}

/** Works a ledger's tree out again from the bytes of its entries; what does not hold becomes findings. */
export async function verifyTree(verification: TreeVerification): Promise<VerifiedTree> {
  const { source, verifier, knownCheckpoints, findings, onProgress, ...rest } = verification;
  const known = openKnown(knownCheckpoints, verifier, findings);
  const signedSize = await newestValidSize(source, verifier);
  const size = await source.sizeOfTiles(signedSize);
  const check = new TreeCheck({
    ...rest,
    source,
    size,
    verifier,
    known: known.filter((checkpoint) => checkpoint.size <= size),
    findings,
    onProgress: (leaves) => onProgress?.(leaves, size),
  });
  await check.run();
  await reportOutside(verification, size);
  for (const checkpoint of known) {
    if (checkpoint.size <= size) continue;
    const what = `a checkpoint from outside covers ${String(checkpoint.size)} leaves; the ${source.name} holds ${String(size)}`;
    findings.add({ kind: "rolled-back", what, checkpoint: checkpoint.size, leaf: size });
  }
  return { size, signedSize, checkpoints: check.confirmed };
}

function openKnown(notes: readonly string[], verifier: NoteVerifier, findings: Findings): VouchedRoot[] {
  return notes.flatMap((note) => {
    try {
      return [openCheckpoint(note, verifier)];
    } catch (error) {
      if (!isSmkiError(error)) throw error;
      const what = `a checkpoint from outside cannot be relied on: ${error.message}`;
      findings.add({ kind: "checkpoint-signature", what });
      return [];
    }
  });
}

/** The size of the newest checkpoint that the ledger's key signed; invalid ones are told of as the tree passes them. */
async function newestValidSize(source: LedgerSource, verifier: NoteVerifier): Promise<number> {
  const unheard = new Findings(0);
  for (let below = Number.MAX_SAFE_INTEGER; ; ) {
    const checkpoints = await source.newestCheckpoints(below, 1_000);
    for (const checkpoint of checkpoints) {
      if (vouchedBy(checkpoint, verifier, unheard) !== undefined) return checkpoint.size;
      below = checkpoint.size;
    }
    if (checkpoints.length === 0) return 0;
  }
}

async function reportOutside(
  { source, verifier, findings, mostMismatches }: TreeVerification,
  size: number,
): Promise<void> {
  const outside = await source.outside(size, mostMismatches);
  for (const { leaf } of outside.entries) {
    const what = `an entry stands beyond the tree of ${String(size)} leaves`;
    findings.add({ kind: "leaf-inserted", what, leaf });
  }
  for (const { level, index } of outside.tiles) {
    const what = `tile ${String(index)} of level ${String(level)} is beyond the tree`;
    findings.add({ kind: "tile-beyond-tree", what, tile: `tile/${String(level)}/${String(index)}` });
  }
  for (const checkpoint of outside.checkpoints) {
    const vouched = vouchedBy(checkpoint, verifier, findings);
    // What a log signs before its first leaf.
    if (vouched === undefined || (vouched.size === 0 && vouched.root.equals(emptyRoot))) continue;
    const what = `a checkpoint for ${String(checkpoint.size)} leaves stands where no round puts one`;
    findings.add({ kind: "checkpoint-size", what, checkpoint: checkpoint.size });
  }
}
