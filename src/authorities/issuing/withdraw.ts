import { readFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import { withdrawnAct } from "./intent-acts.ts";
import { deleteOpenIntentsOf, releaseKeys } from "./intent-store.ts";
import { readIntended } from "./read-intended.ts";
import { keyHash } from "./subject.ts";

/**
 * Withdraws what a CA had still to sign, since it was revoked: the serial numbers are never used, the keys are
 * free for certificates of another CA, and the chunks are prepared again. In the transaction that revokes the CA,
 * whose row it has locked, so that no further intent can be recorded for it.
 *
 * @returns the acts, to be recorded in the same transaction
 */
export async function withdrawIntents(tx: Tx, authorityId: string, at: Date): Promise<Act[]> {
  const intents = await deleteOpenIntentsOf(tx, authorityId);
  const keys = intents.flatMap(({ toBeSigned }) =>
    toBeSigned.map((octets) => keyHash(readFields(readIntended(octets)).publicKey)),
  );
  if (keys.length > 0) await releaseKeys(tx, keys);
  return intents.map((intent) => withdrawnAct(intent, at));
}
