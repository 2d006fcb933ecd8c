import { setTimeout as sleep } from "node:timers/promises";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { endBegun, insertCeremony, selectUnfinished } from "./ceremony-store.ts";
import { termsDigest } from "./hierarchy.ts";
import { Journal } from "./journal.ts";
import { insertSitting } from "./journal-store.ts";
import { requireKeysAsJournaled } from "./key-steps.ts";
import type { Purpose, SettlingRoom } from "./purpose.ts";
import { recordCeremony } from "./record.ts";
import { requireWitnesses, type Sitting } from "./sitting.ts";

/** The session lock of ceremonies: no two at once, since each destroys the keys that another left. */
const ceremonyLock = 0x5e_de6c_0001n;

/**
 * Holds one ceremony from its beginning to its signed record. From `begun` on it is durable: whatever stops it, it
 * is resumed or abandoned, and no other begins before.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, CEREMONY_UNDER_WAY, CEREMONY_UNFINISHED, CLOCK_WENT_BACK, and what the
 *   purpose refuses
 */
export function holdCeremony(
  room: CeremonyRoom,
  purpose: Purpose,
  asked: CeremonyOrder,
  sitting: Sitting,
): Promise<CeremonyRecord> {
  return sitAlone(room, sitting, async (lost) => {
    const order = await settleCeremony(room, purpose, asked);
    const checkpointBefore = await room.checkpoint();
    // A crash at `beginning` leaves nothing at all.
    await room.afterStep?.("beginning");
    const ceremonyId = await begin(room, order, sitting, checkpointBefore);
    await room.afterStep?.("begun");
    return carryOn(room, purpose, order, { ceremonyId, sitting: 1, lost });
  });
}

/**
 * Looks whether a ceremony may begin, and settles what its order leaves open. No key is needed.
 *
 * @throws SmkiError CEREMONY_UNFINISHED, and what the purpose refuses
 */
export async function settleCeremony(
  room: SettlingRoom,
  purpose: Purpose,
  order: CeremonyOrder,
): Promise<CeremonyOrder> {
  await refuseWhileUnfinished(room);
  return purpose.settle(room, order);
}

/**
 * Lets nobody else into the room: the lock of ceremonies, with enough witnesses, under a clock that did not go back.
 *
 * @param work - told when the lock is lost
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, CEREMONY_UNDER_WAY, CLOCK_WENT_BACK
 */
export async function sitAlone<Result>(
  room: CeremonyRoom,
  { witnesses }: Sitting,
  work: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  requireWitnesses(witnesses, room.witnessesNeeded);
  // The server may learn of the end of a process that was killed a moment after that: its lock is waited for so long.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const held = await room.database.tryWithSessionLock(ceremonyLock, async (lost) => {
      const tolerance = room.clockToleranceSeconds ?? 0;
      await room.database.read((tx) => requireClockNotBack(tx, room.clock(), tolerance));
      return work(lost);
    });
    if (held !== undefined) return held.result;
    await sleep(100);
  }
  throw new SmkiError("CEREMONY_UNDER_WAY");
}

async function refuseWhileUnfinished(room: SettlingRoom): Promise<void> {
  const unfinished = await room.database.read(selectUnfinished);
  if (unfinished !== undefined)
    throw new SmkiError("CEREMONY_UNFINISHED", {
      ceremony: unfinished.id,
      purpose: unfinished.order.purpose,
      begun: unfinished.begunAt.toISOString(),
    });
}

function begin(room: CeremonyRoom, order: CeremonyOrder, sitting: Sitting, checkpointBefore: string) {
  const { witnesses, sampleWitnesses: sample } = sitting;
  const rehearsal = room.rehearsal ?? false;
  return room.database.transaction(async (tx) => {
    const at = room.clock();
    const terms = termsDigest(room.terms);
    const { environment } = room.terms;
    const ceremony = { order, environment, rehearsal, sample, begunAt: at, terms, checkpointBefore };
    const ceremonyId = await insertCeremony(tx, ceremony);
    await insertSitting(tx, ceremonyId, { ...sitting, number: 1, kind: "begin", begunAt: at });
    const subject = {
      ceremony: ceremonyId,
      purpose: order.purpose,
      witnesses: witnesses.length,
      sample,
      rehearsal,
    };
    await recordActs(tx, [{ kind: "ceremony.begun", at, by: "ceremony", subject }]);
    return ceremonyId;
  });
}

/** Where a ceremony stands in its sittings. */
export interface CurrentSitting {
  readonly ceremonyId: number;
  readonly sitting: number;
  readonly lost: AbortSignal;
}

/**
 * Goes on with a ceremony that has begun: the steps that are not in its journal, its one transaction, its record.
 * The same for a ceremony that was never interrupted and for one that was.
 */
export async function carryOn(
  room: CeremonyRoom,
  purpose: Purpose,
  order: CeremonyOrder,
  current: CurrentSitting,
): Promise<CeremonyRecord> {
  // Its beginning is sealed before the first key: a database that is restored from before is refused from now on.
  await room.checkpoint();
  const journal = await Journal.open(room, current);
  const write = await purpose.work(room, journal, order);
  // A crash from here on leaves the keys and the journal; up to the commit, no CA.
  await room.afterStep?.("writing");
  await requireKeysAsJournaled(room, journal);
  current.lost.throwIfAborted();
  const steps = await room.database.transaction(async (tx) => {
    const at = room.clock();
    const { ceremonyId } = current;
    if (!(await endBegun(tx, ceremonyId, { state: "held", at }))) throw new SmkiError("CEREMONY_UNDER_WAY");
    const written = await write(tx, ceremonyId);
    await journal.write(tx, written.steps);
    const subject = { ceremony: ceremonyId, purpose: order.purpose };
    await recordActs(tx, [...written.acts, { kind: "ceremony.held", at, by: "ceremony", subject }]);
    await room.afterStep?.("lodging");
    return written.steps;
  });
  await room.afterStep?.("held");
  for (const { words } of steps) room.onStep?.(words);
  return recordCeremony(room, current.ceremonyId);
}
