import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { type Checkpoint, parseCheckpoint } from "../checkpoint.ts";
import { formatSignature, type NoteVerifier, openNote, parseNote } from "../note.ts";
import { emptyRoot } from "../tree/hash.ts";
import { consistencyHolds } from "../tree/verify-proof.ts";
import type { AddCheckpoint } from "./add-checkpoint.ts";

/** A checkpoint that a log that we know has signed, and the claim that it extends another. */
export interface Submission {
  readonly checkpoint: Checkpoint;
  /** The checkpoint's text: what is cosigned. */
  readonly text: string;
  /** The note with the signatures of the log's own keys, all of which hold, and no others. */
  readonly note: string;
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
}

/** What a witness knows of a log: the tree of the checkpoint that it cosigned last. */
export type WitnessedTree = Pick<Checkpoint, "size" | "root">;

/** What a witness knows of a log before the first checkpoint: every tree extends the empty one. */
export const nothingWitnessed: WitnessedTree = { size: 0, root: emptyRoot };

/**
 * Checks who signed a checkpoint (C2SP tlog-witness, "add-checkpoint"). The origin is the name of the log's key.
 *
 * @param logs - the keys of the logs that the witness watches; several of one name where a key has been exchanged
 * @throws SmkiError LEDGER_WITNESS_REQUEST_MALFORMED, LEDGER_WITNESS_LOG_UNKNOWN, LEDGER_WITNESS_SIGNATURE_REFUSED
 */
export function openSubmission(request: AddCheckpoint, logs: readonly NoteVerifier[]): Submission {
  const { text, signatures, checkpoint } = readNote(request.checkpoint);
  const keys = logs.filter(({ name }) => name === checkpoint.origin);
  if (keys.length === 0)
    throw new SmkiError("LEDGER_WITNESS_LOG_UNKNOWN", { origin: checkpoint.origin.slice(0, 200) });
  try {
    openNote(request.checkpoint, keys);
  } catch (cause) {
    if (!isSmkiError(cause, "LEDGER_NOTE_UNVERIFIED")) throw cause;
    throw new SmkiError("LEDGER_WITNESS_SIGNATURE_REFUSED", { origin: checkpoint.origin }, { cause });
  }
  const ofLog = signatures.filter((one) =>
    keys.some(({ name, keyId }) => one.name === name && one.keyId === keyId),
  );
  const note = `${text}\n${ofLog.map(formatSignature).join("")}`;
  return { checkpoint, text, note, oldSize: request.oldSize, proof: request.proof };
}

function readNote(note: string) {
  try {
    const { text, signatures } = parseNote(note);
    return { text, signatures, checkpoint: parseCheckpoint(text) };
  } catch (cause) {
    if (!isSmkiError(cause, "LEDGER_NOTE_MALFORMED")) throw cause;
    throw new SmkiError("LEDGER_WITNESS_REQUEST_MALFORMED", { reason: "no checkpoint" }, { cause });
  }
}

/**
 * Lets a checkpoint pass only if it extends what was cosigned last; the checks stand in the specification's order.
 *
 * @throws SmkiError LEDGER_WITNESS_REQUEST_MALFORMED (400), LEDGER_WITNESS_SIZE_CONFLICT (409; its `size` is what the
 *   log is to be told), LEDGER_WITNESS_HISTORY_REFUSED (422)
 */
export function requireNext(known: WitnessedTree, { checkpoint, oldSize, proof }: Submission): void {
  const { origin, size, root } = checkpoint;
  if (oldSize > size)
    throw new SmkiError("LEDGER_WITNESS_REQUEST_MALFORMED", { reason: "an old size above the checkpoint's" });
  if (oldSize !== known.size)
    throw new SmkiError("LEDGER_WITNESS_SIZE_CONFLICT", { origin, size: known.size, oldSize });
  const claim = { oldSize, oldRoot: known.root, newSize: size, newRoot: root, proof };
  // That covers what the specification lists one by one: an empty tree has the empty root, a proof from the empty
  // tree is empty, and two checkpoints of one size have one root.
  if (!consistencyHolds(claim))
    throw new SmkiError("LEDGER_WITNESS_HISTORY_REFUSED", { origin, oldSize, size });
}
