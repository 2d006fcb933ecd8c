import { createHash } from "node:crypto";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Act } from "../../ledger/act.ts";
import { areRecorded } from "../../ledger/find-act.ts";
import type { RecordedIntent } from "./intent-store.ts";

/** The act of recording an intent. The same intent gives the same act, so that it can be looked for. */
export function intendedAct(intent: Omit<RecordedIntent, "id">): Act {
  return { kind: "certificates.intended", at: intent.recordedAt, by: "system", subject: subjectOf(intent) };
}

/** The act of withdrawing an intent, since its CA was revoked. */
export function withdrawnAct(intent: RecordedIntent, at: Date): Act {
  return { kind: "certificates.withdrawn", at, by: "system", subject: subjectOf(intent) };
}

/** What is signed is what was recorded, in the ledger too: whoever alters octets in the table alone gets no signature. */
export async function requireRecorded(tx: Tx, intents: readonly RecordedIntent[]): Promise<void> {
  if (intents.length === 0) return;
  const from = Math.min(...intents.map(({ recordedFromLeaf }) => recordedFromLeaf));
  const recorded = await areRecorded(tx, intents.map(intendedAct), from);
  const altered = intents[recorded.indexOf(false)];
  if (altered !== undefined)
    throw new SmkiError("INTENT_ALTERED", { chunk: altered.chunkId, authority: altered.authorityId });
}

function subjectOf({ chunkId, authorityId, toBeSigned }: Omit<RecordedIntent, "id">) {
  return {
    chunk: chunkId,
    authority: authorityId,
    count: toBeSigned.length,
    toBeSigned: digestOf(toBeSigned),
  };
}

/** SHA-256 over all octets to be signed, one after the other. */
function digestOf(toBeSigned: readonly Buffer[]): string {
  const digest = createHash("sha256");
  for (const octets of toBeSigned) digest.update(octets);
  return digest.digest("hex");
}
