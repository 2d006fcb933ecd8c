import { SmkiError } from "../errors/smki-error.ts";
import type { Signer } from "../keys/signer.ts";
import type { NoteVerifier } from "./note.ts";

/**
 * The label of the key that a verifier key is the public half of. After a restore that lost acts, the store has the
 * former ledger's key beside it.
 *
 * @throws SmkiError KEY_NOT_FOUND
 */
export async function findLedgerKey(
  signer: Pick<Signer, "listKeys">,
  verifier: NoteVerifier,
): Promise<string> {
  const publicKey = verifier.publicKey.export({ format: "der", type: "spki" });
  const key = (await signer.listKeys()).find((one) => one.publicKey.equals(publicKey));
  if (key === undefined)
    throw new SmkiError("KEY_NOT_FOUND", { label: `the key of ledger ${verifier.name}` });
  return key.label;
}
