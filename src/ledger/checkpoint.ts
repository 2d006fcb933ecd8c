import { SmkiError } from "../errors/smki-error.ts";
import type { LedgerVerifier } from "./former-ledgers.ts";
import { decodeBase64, type NoteVerifier, openNote, parseNote, type SignOctets, signNote } from "./note.ts";
import { hashOctets } from "./tree/hash.ts";

/** A state of the tree, as a checkpoint states it (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which ledger: a URL without its scheme, for example `smki.example/ledger`. */
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: number;
  readonly root: Buffer;
}

const sizePattern = /^(?:0|[1-9]\d{0,15})$/;

/** The text of a checkpoint: origin, size and root, a line each (C2SP tlog-checkpoint, "Note text"). */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${String(size)}\n${root.toString("base64")}\n`;
}

/**
 * Reads the text of a checkpoint. Extension lines are passed over.
 *
 * @throws SmkiError LEDGER_NOTE_MALFORMED
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const end = lines.pop();
  const [origin = "", sizeText = "", rootText = ""] = lines;
  const root = decodeBase64(rootText);
  const size = Number(sizeText);
  const wellFormed = end === "" && lines.every((line) => line !== "") && sizePattern.test(sizeText);
  if (!wellFormed || !Number.isSafeInteger(size) || origin === "" || root?.length !== hashOctets) {
    throw new SmkiError("LEDGER_NOTE_MALFORMED", { reason: "not origin, size and root" });
  }
  return { origin, size, root };
}

/** Signs a checkpoint; the key's name is the origin (C2SP tlog-checkpoint, "Signatures"). */
export async function signCheckpoint(
  checkpoint: Checkpoint,
  signer: NoteVerifier,
  sign: SignOctets,
): Promise<string> {
  return signNote(formatCheckpoint(checkpoint), signer, sign);
}

/**
 * Opens a signed checkpoint of the ledger whose key this is; also one of the ledger that it goes on from after a
 * restore, as far as the restore kept that one's leaves.
 *
 * @throws SmkiError LEDGER_NOTE_MALFORMED; LEDGER_NOTE_UNVERIFIED, also for another ledger's checkpoint
 */
export function openCheckpoint(note: string, verifier: LedgerVerifier): Checkpoint {
  const { origin } = parseCheckpoint(parseNote(note).text);
  const former = verifier.former?.find((one) => one.verifier.name === origin);
  const checkpoint = parseCheckpoint(openNote(note, [former?.verifier ?? verifier]));
  if (checkpoint.origin !== (former?.verifier ?? verifier).name) {
    throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { reason: "of another ledger", origin: checkpoint.origin });
  }
  if (former !== undefined && checkpoint.size > former.size) {
    const details = { origin: checkpoint.origin, size: checkpoint.size, kept: former.size };
    throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { reason: "of leaves that a restore lost", ...details });
  }
  return checkpoint;
}
