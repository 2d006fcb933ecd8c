import { sql } from "kysely";
import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Clock } from "../time/clock.ts";
import type { CheckpointSigner, NewTreeState, SignedCheckpoint } from "./checkpoint-signer.ts";
import { hasOpenEntries, insertCheckpoint, moveOpenEntries, publishedSize } from "./entry-store.ts";
import { edgeRoot, extendEdge } from "./tree/edge.ts";
import { proveConsistency } from "./tree/proof.ts";
import { readEdge, tileReader, writeTiles } from "./tree-store.ts";

/** The steps of sequencing, in order, by which tests fail each. `extended` and `publishing` stand before a commit. */
export const sequencerSteps = [
  "taken",
  "extended",
  "committed",
  "signed",
  "stored",
  "publishing",
  "published",
] as const;

export type SequencerStep = (typeof sequencerSteps)[number];

/** What sequencing works with. */
export interface SequencerContext {
  readonly database: Database;
  readonly signer: CheckpointSigner;
  readonly clock: Clock;
  /** Most entries in one transaction; bounds its memory and how long a new entry waits behind it. */
  readonly maximumEntries?: number;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: SequencerStep) => void;
}

/** What one round did. */
export interface SequencedRound {
  /** Entries that got their leaves. */
  readonly taken: number;
  /** The checkpoint that now covers every leaf. */
  readonly checkpoint: SignedCheckpoint;
  /** True when this round signed or published it. */
  readonly isNew: boolean;
  /** True when the round took as many as it may: there may be more. */
  readonly isFull: boolean;
}

/** Held by each transaction that extends the tree, should a lost election leave two sequencers for a moment. */
const treeLock = 0x51_ed9e_4002n;

const defaultMaximumEntries = 32_768;

/**
 * One round: resume, take, extend, commit, sign, store, publish. The caller has been elected.
 *
 * The tree is committed before its checkpoint is signed. The other way round, a crash between the two would
 * leave a signed checkpoint of a tree that was undone, and whose leaves could never be dealt again in the same
 * order.
 *
 * @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED, LEDGER_SIGNER_BEHIND, LEDGER_TREE_DAMAGED: nothing was
 *   taken or signed
 */
export async function sequenceRound(context: SequencerContext): Promise<SequencedRound> {
  const maximum = context.maximumEntries ?? defaultMaximumEntries;
  const last = await context.signer.lastCheckpoint();
  const state = await context.database.read(async (tx) => ({
    edge: await readEdge(tx),
    published: await publishedSize(tx),
    hasOpen: await hasOpenEntries(tx),
  }));
  // Resume. Whichever round crashed, and wherever, the steps that it lacked are done here, before anything new.
  const isSettled =
    state.published === last.size && state.edge.size === last.size && edgeRoot(state.edge).equals(last.root);
  const resumed = isSettled ? last : await settle(context);
  if (!state.hasOpen) return { taken: 0, checkpoint: resumed, isNew: !isSettled, isFull: false };

  const taken = await takeAndExtend(context, maximum);
  context.afterStep?.("committed");
  // A crash here leaves leaves that no checkpoint covers: the next round begins by signing one that does.
  return { taken, checkpoint: await settle(context), isNew: true, isFull: taken >= maximum };
}

/** Take and extend, in one transaction: entries have their leaves exactly when the tree holds their hashes. */
async function takeAndExtend({ database, afterStep }: SequencerContext, maximum: number): Promise<number> {
  return database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${treeLock})`.execute(tx);
    const edge = await readEdge(tx);
    const leafHashes = await moveOpenEntries(tx, edge.size, maximum);
    afterStep?.("taken");
    // A crash from here to the commit undoes all of it: the entries are open again, and nothing was signed.
    const extension = extendEdge(edge, leafHashes);
    await writeTiles(tx, extension.tiles);
    afterStep?.("extended");
    return extension.edge.size - edge.size;
  });
}

/** Sign, store, publish: brings the signer up to the committed tree, and the database up to the signer. */
async function settle({ database, signer, clock, afterStep }: SequencerContext): Promise<SignedCheckpoint> {
  let last: SignedCheckpoint | undefined;
  const checkpoint = await signer.sign(
    async (lastSigned) => {
      last = lastSigned;
      return database.read((tx) => proveExtension(tx, lastSigned), { snapshot: true });
    },
    () => afterStep?.("signed"),
  );
  afterStep?.("stored");
  // A crash here leaves a checkpoint that only the signer's store has: the next round publishes it, as here.
  await database.transaction(async (tx) => {
    const published = await publishedSize(tx);
    for (const missing of [last, checkpoint]) {
      if (missing !== undefined && missing.size > published) await insertCheckpoint(tx, missing, clock());
    }
    afterStep?.("publishing");
  });
  afterStep?.("published");
  return checkpoint;
}

/** The state of the tree, and the proof that it extends what was signed last. @throws SmkiError LEDGER_SIGNER_BEHIND, LEDGER_TREE_DAMAGED */
export async function proveExtension(tx: Tx, last: SignedCheckpoint): Promise<NewTreeState> {
  const published = await publishedSize(tx);
  if (published > last.size)
    throw new SmkiError("LEDGER_SIGNER_BEHIND", { signedSize: last.size, size: published });
  const edge = await readEdge(tx);
  // A tree too small has no proof; the signer refuses it by its size.
  const consistencyProof =
    edge.size < last.size ? [] : await proveConsistency(last.size, edge.size, tileReader(tx));
  return { size: edge.size, root: edgeRoot(edge), consistencyProof };
}
