import type { SerialNumber } from "../../certificates/index.ts";
import { together } from "../../database/together.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Act } from "../../ledger/act.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Allocation, IssuingCap } from "../allocation.ts";
import { moveState, reserve } from "../authority-store.ts";
import type { IntendedCertificate } from "./intend.ts";
import { intendedAct } from "./intent-acts.ts";
import { claimKeys, insertIntents, type RecordedIntent } from "./intent-store.ts";

/** A certificate that is to be made for a chunk. */
export interface ChunkCertificate extends IntendedCertificate {
  readonly chunkId: number;
}

/** What one CA is to sign of the chunks that are recorded together, chunk by chunk. */
export interface IntendedAllocation {
  readonly allocation: Allocation;
  readonly certificates: readonly ChunkCertificate[];
}

/** Of what the plan was made. */
interface RecordingTerms {
  readonly now: Date;
  /** The next leaf of the ledger, as it was before this. */
  readonly recordedFromLeaf: number;
  readonly cap: IssuingCap | undefined;
}

/** What of the planned is recorded. */
interface Recording {
  /** By chunk, the positions whose key is certified already, with its serial number. */
  readonly keysTaken: ReadonlyMap<number, ReadonlyMap<number, SerialNumber>>;
  /** Resolves when all is written. @throws SmkiError ISSUING_PLAN_STALE */
  readonly written: Promise<void>;
}

/**
 * Step 2, record: claims the keys, counts the certificates against the cap of their CA, lets the next CA take
 * over where one is full, and writes the octets to be signed, one intent for each chunk and CA, all in the caller's
 * transaction.
 *
 * A crash before its commit leaves nothing. A crash after it leaves an open intent: whoever claims the chunk
 * next signs the same octets; no serial number is used for anything else, and no cap is exceeded.
 *
 * @param planned - no key twice
 * @returns what has become of the keys, as soon as that is known; the rest is on its way then
 * @throws SmkiError ISSUING_PLAN_STALE when a CA no longer stands as the plan saw it: plan again
 */
export async function record(
  tx: Tx,
  planned: readonly IntendedAllocation[],
  { now, recordedFromLeaf, cap }: RecordingTerms,
): Promise<Recording> {
  const taken = await claimKeys(
    tx,
    planned.flatMap(({ certificates }) => certificates),
  );
  const keysTaken = new Map<number, Map<number, SerialNumber>>();
  const intents: Omit<RecordedIntent, "id">[] = [];
  const reservations: { allocation: Allocation; certificates: number }[] = [];
  for (const { allocation, certificates } of planned) {
    const { authority } = allocation;
    const kept = certificates.filter(({ chunkId, position, keyHash }) => {
      const holder = taken.get(keyHash.toString("hex"));
      if (holder === undefined) return true;
      const ofChunk = keysTaken.get(chunkId) ?? new Map<number, SerialNumber>();
      keysTaken.set(chunkId, ofChunk.set(position, holder));
      return false;
    });
    for (const [chunkId, ofChunk] of Map.groupBy(kept, (certificate) => certificate.chunkId))
      intents.push({
        chunkId,
        authorityId: authority.id,
        recordedAt: now,
        recordedFromLeaf,
        positions: ofChunk.map(({ position }) => position),
        toBeSigned: ofChunk.map(({ toBeSigned }) => toBeSigned),
      });
    reservations.push({ allocation, certificates: kept.length });
  }
  const acts = [
    ...intents.map(intendedAct),
    ...reservations.flatMap(({ allocation }) => statesAct(allocation, now)),
  ];
  const written = together(
    insertIntents(tx, intents),
    recordActs(tx, acts),
    // Last, because the CA's row is the one thing that chunks share: its lock is held for this and the commit.
    countAll(tx, reservations, now, cap),
  );
  return { keysTaken, written: written.then(() => undefined) };
}

/** One CA after the other: the next may only be active when the one before it is retired. */
async function countAll(
  tx: Tx,
  reservations: readonly { readonly allocation: Allocation; readonly certificates: number }[],
  now: Date,
  cap: IssuingCap | undefined,
): Promise<void> {
  for (const { allocation, certificates } of reservations)
    await count(tx, allocation, certificates, now, cap);
}

async function count(
  tx: Tx,
  { authority, takesOver, retires }: Allocation,
  certificates: number,
  now: Date,
  cap: IssuingCap | undefined,
): Promise<void> {
  const stale = (): never => {
    throw new SmkiError("ISSUING_PLAN_STALE", { authority: authority.id });
  };
  if (takesOver && !(await moveState(tx, authority.id, "released", "active", now))) stale();
  if (certificates > 0 && !(await reserve(tx, authority, certificates, now, cap?.maximumCertificates)))
    stale();
  if (retires && !(await moveState(tx, authority.id, "active", "retired", now))) stale();
}

/** Both, when a chunk begins after this CA's predecessor and ends under its successor. */
function statesAct({ authority, takesOver, retires }: Allocation, at: Date): Act[] {
  const subject = { authority: authority.id };
  const acts: Act[] = [];
  if (takesOver) acts.push({ kind: "authority.activated", at, by: "system", subject });
  if (retires) acts.push({ kind: "authority.retired", at, by: "system", subject });
  return acts;
}
