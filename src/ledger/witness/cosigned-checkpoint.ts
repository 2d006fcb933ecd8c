import type { Tx } from "../../database/transaction.ts";
import { publishedSize } from "../entry-store.ts";
import { type CosignedCheckpoint, newestSizeCosignedBy, readCosigned } from "./cosignature-store.ts";

export type { CosignedCheckpoint } from "./cosignature-store.ts";

/**
 * The checkpoint that is shown to others: the newest one, or, where the estate asks for a number of witnesses, the
 * newest that so many of them have cosigned. Its note carries every cosignature that has been collected for it.
 *
 * @param quorum - witnesses that must have cosigned it; 0 for none
 * @returns undefined before the first such checkpoint
 */
export async function cosignedCheckpoint(tx: Tx, quorum = 0): Promise<CosignedCheckpoint | undefined> {
  const size = quorum === 0 ? await publishedSize(tx) : await newestSizeCosignedBy(tx, quorum);
  return size === undefined ? undefined : readCosigned(tx, size);
}
