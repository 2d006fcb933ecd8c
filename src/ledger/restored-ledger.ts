import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Checkpoint } from "./checkpoint.ts";
import {
  type CheckpointSigner,
  type CheckpointSignerOptions,
  createCheckpointSigner,
} from "./checkpoint-signer.ts";
import { readCheckpointFile } from "./checkpoint-store.ts";
import { hasOpenEntries, newestCheckpoint } from "./entry-store.ts";
import { readActs } from "./read-ledger.ts";
import { edgeRoot } from "./tree/edge.ts";
import { proveConsistency } from "./tree/proof.ts";
import { consistencyHolds } from "./tree/verify-proof.ts";
import { readEdge, tileReader } from "./tree-store.ts";
import { openEntries } from "./verification/pages.ts";

/** The last checkpoint in a signer's own store, as a note. @throws SmkiError LEDGER_SIGNER_STORE_MISSING */
export const readLastCheckpoint = (path: string): Promise<string> => readCheckpointFile(path);

/** The tree as a database holds it. */
export interface HeldTree {
  readonly size: number;
  readonly root: Buffer;
  /** When the act of the last leaf was done; undefined for an empty tree. */
  readonly lastActAt?: Date;
}

/** @throws SmkiError LEDGER_TREE_DAMAGED */
export async function heldTree(tx: Tx): Promise<HeldTree> {
  const edge = await readEdge(tx);
  const [last] = edge.size === 0 ? [] : await readActs(tx, edge.size - 1, 1);
  return {
    size: edge.size,
    root: edgeRoot(edge),
    ...(last === undefined ? {} : { lastActAt: last.act.at }),
  };
}

/** The newest checkpoint in the database, as a note; empty before the first. */
export async function newestHeldNote(tx: Tx): Promise<string> {
  return (await newestCheckpoint(tx))?.note ?? "";
}

/**
 * Proves that the tree begins with everything that a checkpoint from outside signs for.
 *
 * @param checkpoint - of this ledger, not larger than the tree
 * @throws SmkiError LEDGER_FORKED when the tree has another history
 */
export async function requireHeld(tx: Tx, checkpoint: Checkpoint): Promise<void> {
  const edge = await readEdge(tx);
  const claim = {
    oldSize: checkpoint.size,
    oldRoot: checkpoint.root,
    newSize: edge.size,
    newRoot: edgeRoot(edge),
    proof: await proveConsistency(checkpoint.size, edge.size, tileReader(tx)),
  };
  if (!consistencyHolds(claim))
    throw new SmkiError("LEDGER_FORKED", {
      signedSize: checkpoint.size,
      signedRoot: checkpoint.root.toString("hex"),
      size: edge.size,
    });
}

/** The bytes of acts that are recorded and have no leaf yet. */
export async function openEntryBytes(tx: Tx): Promise<Buffer[]> {
  const entries: Buffer[] = [];
  if (!(await hasOpenEntries(tx))) return entries;
  for await (const entry of openEntries(tx)) entries.push(entry);
  return entries;
}

/**
 * Lets the tree of a restored database go on under a new origin and key, because the old origin has signed for leaves
 * that are lost: it must never sign others in their place. What the new key signs first is the whole tree that was kept.
 *
 * @returns the signer, whose store holds that checkpoint
 */
export async function beginSuccessorLedger(
  database: Database,
  options: CheckpointSignerOptions,
): Promise<CheckpointSigner> {
  const signer = await createCheckpointSigner(options);
  // Every tree extends the empty one, which is what the new signer has signed for so far.
  await signer.sign(() =>
    database.read(async (tx) => ({ ...(await heldTree(tx)), consistencyProof: [] }), { snapshot: true }),
  );
  return signer;
}
