import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Clock } from "../../time/clock.ts";
import { publishedSize, type StoredCheckpoint } from "../entry-store.ts";
import { proveConsistency } from "../tree/proof.ts";
import { tileReader } from "../tree-store.ts";
import { insertCosignature } from "./cosignature-store.ts";
import { askWitness, type ConfiguredWitness } from "./witness-client.ts";

/** What asking a witness works with. */
export interface AskContext {
  readonly database: Database;
  readonly clock: Clock;
  /** Longest that one request may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly abortSignal: AbortSignal;
}

/**
 * Has a witness cosign a checkpoint, and keeps what it says. A crash anywhere loses nothing: the witness tells, when
 * it is asked again, how far it has come, and cosigns the same checkpoint anew.
 *
 * @param from - the size that it cosigned last, as far as we know
 * @returns the size that it has cosigned now: that of the checkpoint, or `from` when there is a newer one already
 * @throws SmkiError LEDGER_WITNESS_AHEAD, LEDGER_WITNESS_SEES_FORK and others of `askWitness`; LEDGER_TREE_DAMAGED
 */
export async function askForNewest(
  { database, clock, timeoutMs, abortSignal }: AskContext,
  witness: ConfiguredWitness,
  checkpoint: Pick<StoredCheckpoint, "size" | "note">,
  from: number,
): Promise<number> {
  const { verifier } = witness;
  const { size, note } = checkpoint;
  const details = { witness: verifier.name, size };
  // A database that was put back knows less than we remember.
  let oldSize = Math.min(from, size);
  // Twice: the first answer may be the size that we did not know.
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const begin = oldSize;
    const proof = await database.read((tx) => proveConsistency(begin, size, tileReader(tx)));
    const request = { oldSize, proof, checkpoint: note };
    const signal = AbortSignal.any([abortSignal, AbortSignal.timeout(timeoutMs)]);
    const { cosignature, size: itsSize } = await askWitness(witness, request, clock(), signal);
    if (cosignature !== undefined) {
      await database.transaction((tx) => insertCosignature(tx, verifier, size, cosignature));
      return size;
    }
    if (itsSize === oldSize) {
      // It knows no other size than we said, and yet the two do not agree.
      throw new SmkiError("LEDGER_WITNESS_SEES_FORK", { ...details, itsSize });
    }
    if (itsSize > size) {
      // Another process of ours may have been faster; otherwise our database has lost what the witness saw.
      if (itsSize <= (await database.read(publishedSize))) return from;
      throw new SmkiError("LEDGER_WITNESS_AHEAD", { ...details, itsSize });
    }
    oldSize = itsSize;
  }
  throw new SmkiError("LEDGER_WITNESS_ANSWER_INVALID", { ...details, reason: "another size at each answer" });
}
