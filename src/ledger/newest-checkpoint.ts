import type { Tx } from "../database/transaction.ts";
import { newestCheckpoint } from "./entry-store.ts";

/** The newest signed checkpoint as a note; empty before the first. */
export async function newestCheckpointNote(tx: Tx): Promise<string> {
  return (await newestCheckpoint(tx))?.note ?? "";
}
