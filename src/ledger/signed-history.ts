import type { Database } from "../database/connect.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { type CheckpointSigner, requireExtension } from "./checkpoint-signer.ts";
import { proveExtension } from "./sequence.ts";

/**
 * Refuses a database that does not hold everything that the ledger's signer has signed for: one that was restored,
 * or whose history was changed. Signs and writes nothing, so that every process may ask at any time.
 *
 * @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED, LEDGER_SIGNER_BEHIND, LEDGER_TREE_DAMAGED,
 *   LEDGER_SIGNER_STORE_MISSING, LEDGER_SIGNER_STORE_DAMAGED, and whatever keeps the database away
 */
export async function requireSignedHistory(
  database: Database,
  signer: Pick<CheckpointSigner, "lastCheckpoint">,
): Promise<void> {
  for (;;) {
    // The signer first: a tree is committed before it is signed for, so that it can only be larger by then.
    const last = await signer.lastCheckpoint();
    try {
      requireExtension(last, await database.read((tx) => proveExtension(tx, last), { snapshot: true }));
      return;
    } catch (error) {
      // Another process has signed and published between our two looks: its checkpoint is in the store by now.
      const hasMoved = (await signer.lastCheckpoint()).size !== last.size;
      if (!isSmkiError(error, "LEDGER_SIGNER_BEHIND") || !hasMoved) throw error;
    }
  }
}
