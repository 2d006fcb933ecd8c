import type { Tx } from "../database/transaction.ts";
import { newestCheckpoint } from "./entry-store.ts";
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
