import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { lastLoss } from "../restoration.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { type Ceremony, endBegun, selectUnfinished } from "./ceremony-store.ts";
import { termsDigest } from "./hierarchy.ts";
import { type CurrentSitting, carryOn, sitAlone } from "./hold.ts";
import { Journal } from "./journal.ts";
import { insertSitting, selectSittings } from "./journal-store.ts";
import { destroyLeftovers } from "./key-steps.ts";
import { purposes } from "./purposes.ts";
import { recordCeremony } from "./record.ts";
import type { Sitting } from "./sitting.ts";

/**
 * Goes on with the ceremony that was interrupted, in another sitting, to its signed record. One that was being
 * abandoned is abandoned to the end.
 *
 * @throws SmkiError CEREMONY_NONE_UNFINISHED, CEREMONY_WITNESSES_NEEDED, CEREMONY_UNDER_WAY, CEREMONY_TERMS_CHANGED,
 *   CEREMONY_BEFORE_RESTORE, CEREMONY_KEY_CHANGED, CLOCK_WENT_BACK
 */
export function resumeCeremony(room: CeremonyRoom, sitting: Sitting): Promise<CeremonyRecord> {
  return sitAlone(room, sitting, async (lost) => {
    const ceremony = await findUnfinished(room);
    if (ceremony.state === "begun") await requireSameWorld(room, ceremony);
    // Refused on a database that was rolled back: it may not know of what the keys have signed.
    await room.checkpoint();
    await room.afterStep?.("resuming");
    const number = await sit(room, ceremony, sitting, "resume");
    await room.afterStep?.("resumed");
    const current = { ceremonyId: ceremony.id, sitting: number, lost };
    switch (ceremony.state) {
      case "begun":
        return carryOn(room, purposes[ceremony.order.purpose], ceremony.order, current);
      case "abandoned":
        return endAbandoned(room, ceremony, current);
      case "held":
      case "recorded":
        return recordCeremony(room, ceremony.id);
    }
  });
}

/**
 * Gives up the ceremony that was interrupted: decided first, and for good; then every key that it made is destroyed,
 * each told of; then this too is recorded and signed.
 *
 * @throws SmkiError CEREMONY_NONE_UNFINISHED, CEREMONY_HELD_ALREADY, CEREMONY_WITNESSES_NEEDED, CEREMONY_UNDER_WAY,
 *   CLOCK_WENT_BACK
 */
export function abandonCeremony(room: CeremonyRoom, sitting: Sitting): Promise<CeremonyRecord> {
  return sitAlone(room, sitting, async (lost) => {
    const ceremony = await findUnfinished(room);
    if (ceremony.state === "held") throw new SmkiError("CEREMONY_HELD_ALREADY", { ceremony: ceremony.id });
    await room.checkpoint();
    await room.afterStep?.("abandoning");
    const number = await sit(room, ceremony, sitting, "abandon");
    // A crash from here on leaves keys of a ceremony that can only be abandoned: resuming it goes on destroying.
    await room.afterStep?.("abandoned");
    return endAbandoned(room, ceremony, { ceremonyId: ceremony.id, sitting: number, lost });
  });
}

async function findUnfinished(room: CeremonyRoom): Promise<Ceremony> {
  const ceremony = await room.database.read(selectUnfinished);
  if (ceremony === undefined) throw new SmkiError("CEREMONY_NONE_UNFINISHED");
  return ceremony;
}

/**
 * Refuses to go on under other terms; and after a restore that lost acts: the ceremony may have come to its end in what
 * was lost, and a root would put its name a second time to what it then certified.
 *
 * @throws SmkiError CEREMONY_TERMS_CHANGED, CEREMONY_BEFORE_RESTORE
 */
async function requireSameWorld(room: CeremonyRoom, { id, terms, begunAt }: Ceremony): Promise<void> {
  if (terms !== termsDigest(room.terms)) throw new SmkiError("CEREMONY_TERMS_CHANGED", { ceremony: id });
  const restored = await room.database.read(lastLoss);
  if (restored !== undefined && restored >= begunAt)
    throw new SmkiError("CEREMONY_BEFORE_RESTORE", { ceremony: id, restored: restored.toISOString() });
}

/** Begins another sitting; one that abandons a ceremony ends its life with that. @returns the sitting's number */
function sit(
  room: CeremonyRoom,
  { id, state }: Ceremony,
  sitting: Sitting,
  kind: "resume" | "abandon",
): Promise<number> {
  return room.database.transaction(async (tx) => {
    const at = room.clock();
    const number = (await selectSittings(tx, id)).length + 1;
    await insertSitting(tx, id, { ...sitting, number, kind, begunAt: at });
    const isAbandoned = kind === "abandon" && state === "begun";
    if (isAbandoned && !(await endBegun(tx, id, { state: "abandoned" })))
      throw new SmkiError("CEREMONY_UNDER_WAY");
    const { witnesses, sampleWitnesses: sample } = sitting;
    const subject = { ceremony: id, sitting: number, witnesses: witnesses.length, sample };
    const what = isAbandoned ? "ceremony.abandoned" : "ceremony.resumed";
    await recordActs(tx, [{ kind: what, at, by: "ceremony", subject }]);
    return number;
  });
}

async function endAbandoned(
  room: CeremonyRoom,
  { order }: Ceremony,
  current: CurrentSitting,
): Promise<CeremonyRecord> {
  const journal = await Journal.open(room, current);
  await destroyLeftovers(room, journal, purposes[order.purpose], "destroy");
  return recordCeremony(room, current.ceremonyId);
}
