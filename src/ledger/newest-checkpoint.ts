import type { Tx } from "../database/transaction.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { checkpointOfSize, newestCheckpoint } from "./entry-store.ts";
import { parseNote } from "./note.ts";
import { cosignedCheckpoint } from "./witness/cosigned-checkpoint.ts";

/** The newest signed checkpoint as a note, as it was signed; empty before the first. */
export async function newestCheckpointNote(tx: Tx): Promise<string> {
  return (await newestCheckpoint(tx))?.note ?? "";
}

/**
 * The checkpoint that is shown to others, with its cosignatures, as a note; empty before the first.
 *
 * @param quorum - witnesses that must have cosigned it; 0 for none
 */
export async function shownCheckpointNote(tx: Tx, quorum: number): Promise<string> {
  return (await cosignedCheckpoint(tx, quorum))?.note ?? "";
}

/** Whether a checkpoint is one of this ledger's: after a restore it may be of acts that were lost. */
export async function isOfThisLedger(tx: Tx, note: string): Promise<boolean> {
  const { size, root } = parseCheckpoint(parseNote(note).text);
  const ours = await checkpointOfSize(tx, size);
  return ours !== undefined && parseCheckpoint(parseNote(ours.note).text).root.equals(root);
}
