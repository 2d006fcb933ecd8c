import type { SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Act } from "../../ledger/act.ts";
import { nextLeaf } from "../../ledger/find-act.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Allocation, IssuingCap } from "../allocation.ts";
import { moveState, reserve } from "../authority-store.ts";
import type { IntendedCertificate } from "./intend.ts";
import { intendedAct } from "./intent-acts.ts";
import { claimKeys, insertIntent, type RecordedIntent } from "./intent-store.ts";

/** What a chunk's allocation to one CA is to sign. */
export interface IntendedAllocation {
  readonly allocation: Allocation;
  readonly certificates: readonly IntendedCertificate[];
}

/** What recording gave: the intents, and the positions whose key is certified already, with its serial number. */
export interface Recorded {
  readonly intents: readonly RecordedIntent[];
  readonly keysTaken: ReadonlyMap<number, SerialNumber>;
}

/**
 * Step 2, record: claims the keys, counts the certificates against the cap of their CA, lets the next CA take
 * over where one is full, and writes the octets to be signed, all in the caller's transaction.
 *
 * A crash before its commit leaves nothing. A crash after it leaves an open intent: whoever claims the chunk
 * next signs the same octets; no serial number is used for anything else, and no cap is exceeded.
 *
 * @throws SmkiError ISSUING_PLAN_STALE when a CA no longer stands as the plan saw it: plan again
 */
export async function record(
  tx: Tx,
  chunkId: number,
  planned: readonly IntendedAllocation[],
  now: Date,
  cap: IssuingCap | undefined,
): Promise<Recorded> {
  const taken = await claimKeys(
    tx,
    planned.flatMap(({ certificates }) => certificates),
  );
  const recordedFromLeaf = await nextLeaf(tx);
  const keysTaken = new Map<number, SerialNumber>();
  const intents: RecordedIntent[] = [];
  const acts: Act[] = [];
  const reservations: { allocation: Allocation; certificates: number }[] = [];
  for (const { allocation, certificates } of planned) {
    const { authority } = allocation;
    const kept = certificates.filter(({ position, keyHash }) => {
      const holder = taken.get(keyHash.toString("hex"));
      if (holder !== undefined) keysTaken.set(position, holder);
      return holder === undefined;
    });
    if (kept.length > 0) {
      const intent = {
        chunkId,
        authorityId: authority.id,
        recordedAt: now,
        recordedFromLeaf,
        positions: kept.map(({ position }) => position),
        toBeSigned: kept.map(({ toBeSigned }) => toBeSigned),
      };
      intents.push({ id: await insertIntent(tx, intent), ...intent });
      acts.push(intendedAct(intent));
    }
    reservations.push({ allocation, certificates: kept.length });
  }
  // Last, because the CA's row is the one thing that chunks share: its lock is held for this and the commit.
  for (const { allocation, certificates } of reservations)
    await count(tx, allocation, certificates, now, cap, acts);
  await recordActs(tx, acts);
  return { intents, keysTaken };
}

async function count(
  tx: Tx,
  { authority, takesOver, retires }: Allocation,
  certificates: number,
  now: Date,
  cap: IssuingCap | undefined,
  acts: Act[],
): Promise<void> {
  const stale = (): never => {
    throw new SmkiError("ISSUING_PLAN_STALE", { authority: authority.id });
  };
  if (takesOver && !(await moveState(tx, authority.id, "released", "active", now))) stale();
  if (certificates > 0 && !(await reserve(tx, authority, certificates, now, cap?.maximumCertificates)))
    stale();
  if (retires && !(await moveState(tx, authority.id, "active", "retired", now))) stale();
  const subject = { authority: authority.id };
  // Both, when a chunk begins after this CA's predecessor and ends under its successor.
  if (takesOver) acts.push({ kind: "authority.activated", at: now, by: "system", subject });
  if (retires) acts.push({ kind: "authority.retired", at: now, by: "system", subject });
}
