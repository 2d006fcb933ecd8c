import type { Tx } from "../../database/transaction.ts";
import { publishedSize } from "../entry-store.ts";
import type { NoteVerifier } from "../note.ts";
import { failureOf, newestOf, type WitnessFailure } from "./cosignature-store.ts";

/** How a witness of the ledger stands. */
export interface WitnessStanding {
  readonly name: string;
  readonly keyId: string;
  /** The newest size that it cosigned; 0 before the first. */
  readonly size: number;
  /** When that was, by its own clock; undefined before the first. */
  readonly at: Date | undefined;
  /** Leaves under the newest checkpoint that it has not cosigned yet. */
  readonly behind: number;
  /** Why it gives no cosignature at present; undefined while it does. */
  readonly failure: WitnessFailure | undefined;
}

/** How each of these witnesses stands against the newest checkpoint. */
export async function witnessStanding(
  tx: Tx,
  witnesses: readonly Pick<NoteVerifier, "name" | "keyId">[],
): Promise<WitnessStanding[]> {
  const newest = await publishedSize(tx);
  const standing: WitnessStanding[] = [];
  for (const { name, keyId } of witnesses) {
    const cosigned = await newestOf(tx, { name, keyId });
    const size = cosigned?.size ?? 0;
    const failure = await failureOf(tx, { name, keyId });
    standing.push({ name, keyId, size, at: cosigned?.at, behind: newest - size, failure });
  }
  return standing;
}
