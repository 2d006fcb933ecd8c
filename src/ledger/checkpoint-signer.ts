import { SmkiError } from "../errors/smki-error.ts";
import { withLock } from "../keys/encrypted-file/lock-file.ts";
import type { Signer } from "../keys/signer.ts";
import { type Checkpoint, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { createCheckpointFile, readCheckpointFile, replaceCheckpointFile } from "./checkpoint-store.ts";
import { type NoteVerifier, noteVerifier } from "./note.ts";
import { emptyRoot } from "./tree/hash.ts";
import { consistencyHolds } from "./tree/verify-proof.ts";

/** The key that signs checkpoints and the place where its last one is kept. */
export interface CheckpointSignerOptions {
  /** Holds the Ed25519 key. */
  readonly signer: Pick<Signer, "findKey" | "sign">;
  readonly keyLabel: string;
  /** The ledger's origin, which is the key's name too: a URL without its scheme (C2SP tlog-checkpoint). */
  readonly origin: string;
  /**
   * The file that holds the last signed checkpoint. Keep it apart from the database and its backups, on a
   * disk that only this ledger's sequencer writes: it is what a restored database is measured against.
   */
  readonly storePath: string;
}

/** A checkpoint with the note that states it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
}

/** A newer state of the tree, and the proof that it extends the one signed last. */
export interface NewTreeState {
  readonly size: number;
  readonly root: Buffer;
  /** From the size of `lastCheckpoint()` to `size` (RFC 9162 section 2.1.4). */
  readonly consistencyProof: readonly Buffer[];
}

/** Signs checkpoints, each of which extends the one before. */
export interface CheckpointSigner {
  readonly verifier: NoteVerifier;
  /** What was signed last, read from the store. @throws SmkiError LEDGER_SIGNER_STORE_MISSING, LEDGER_SIGNER_STORE_DAMAGED */
  lastCheckpoint(): Promise<SignedCheckpoint>;
  /**
   * Signs a state that extends the last one, and keeps it, durably, before the signature is given away. For the
   * state signed last it gives that checkpoint again.
   *
   * @param prove - told the last checkpoint, gives the state to sign and the proof that it extends it; called
   *   while no other process can sign
   * @param onSigned - called between signing and keeping; for tests of a crash there
   * @throws SmkiError LEDGER_ROLLED_BACK when the tree is smaller than the last one signed; LEDGER_FORKED when
   *   the proof does not hold; LEDGER_SIGNER_STORE_MISSING, LEDGER_SIGNER_STORE_DAMAGED; and what `prove` throws
   */
  sign(prove: ProveExtension, onSigned?: () => void): Promise<SignedCheckpoint>;
}

/** Gives the newer state of the tree, and the proof that it extends the last one signed. */
export type ProveExtension = (last: SignedCheckpoint) => Promise<NewTreeState>;

/**
 * Begins a store for a ledger that has none: part of the ceremony that makes the key. It holds the signed
 * checkpoint of the empty tree, so that a store that is lost later is told from one that is new.
 *
 * @param newest - only where a store was lost: the ledger's newest signed checkpoint, which a third party has
 *   confirmed, to go on from
 * @throws SmkiError LEDGER_SIGNER_STORE_EXISTS, LEDGER_NOTE_UNVERIFIED, KEY_NOT_FOUND
 */
export async function createCheckpointSigner(
  options: CheckpointSignerOptions,
  newest?: string,
): Promise<CheckpointSigner> {
  const verifier = await verifierOf(options);
  if (newest !== undefined) openCheckpoint(newest, verifier);
  const empty = { origin: options.origin, size: 0, root: emptyRoot };
  const note = newest ?? (await signCheckpoint(empty, verifier, signerOf(options)));
  await createCheckpointFile(options.storePath, note);
  return openCheckpointSigner(options);
}

/**
 * Opens the signer of a ledger that exists.
 *
 * @throws SmkiError LEDGER_SIGNER_STORE_MISSING, LEDGER_SIGNER_STORE_DAMAGED, KEY_NOT_FOUND
 */
export async function openCheckpointSigner(options: CheckpointSignerOptions): Promise<CheckpointSigner> {
  const { storePath, origin } = options;
  const verifier = await verifierOf(options);
  const sign = signerOf(options);

  async function lastCheckpoint(): Promise<SignedCheckpoint> {
    const note = await readCheckpointFile(storePath);
    try {
      return { ...openCheckpoint(note, verifier), note };
    } catch (cause) {
      throw new SmkiError("LEDGER_SIGNER_STORE_DAMAGED", { path: storePath }, { cause });
    }
  }

  async function signExtension(prove: ProveExtension, onSigned?: () => void): Promise<SignedCheckpoint> {
    const last = await lastCheckpoint();
    const state = await prove(last);
    requireExtension(last, state);
    if (state.size === last.size) return last;
    const checkpoint = { origin, size: state.size, root: state.root };
    const note = await signCheckpoint(checkpoint, verifier, sign);
    onSigned?.();
    // A crash before this line loses a signature that nobody has seen. A crash after it leaves a checkpoint that
    // the database may lack: the sequencer fetches it from here at its next start. Were it given away first, a
    // crash would leave a checkpoint at large that this signer does not know of, free to sign another history.
    await replaceCheckpointFile(storePath, note);
    return { ...checkpoint, note };
  }

  await lastCheckpoint();
  return {
    verifier,
    lastCheckpoint,
    // The file's lock: two databases, one a copy of the other, must not both extend the same checkpoint.
    sign: (prove, onSigned) => withLock(storePath, () => signExtension(prove, onSigned)),
  };
}

/** Refuses a tree that does not extend the checkpoint signed last. @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED */
export function requireExtension(
  last: SignedCheckpoint,
  { size, root, consistencyProof }: NewTreeState,
): void {
  const details = { signedSize: last.size, signedRoot: last.root.toString("hex"), size };
  if (size < last.size) throw new SmkiError("LEDGER_ROLLED_BACK", details);
  const claim = {
    oldSize: last.size,
    oldRoot: last.root,
    newSize: size,
    newRoot: root,
    proof: consistencyProof,
  };
  if (!consistencyHolds(claim)) throw new SmkiError("LEDGER_FORKED", details);
}

async function verifierOf({ signer, keyLabel, origin }: CheckpointSignerOptions): Promise<NoteVerifier> {
  return noteVerifier(origin, (await signer.findKey(keyLabel)).publicKey);
}

const signerOf =
  ({ signer, keyLabel }: CheckpointSignerOptions) =>
  (message: Buffer) =>
    signer.sign(keyLabel, message);
