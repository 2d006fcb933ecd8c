import { SmkiError } from "../../errors/smki-error.ts";
import { selectAuthorities } from "../authority-store.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { keyStoreOf } from "./hierarchy.ts";
import { holdCeremony } from "./hold.ts";
import { publishArl } from "./list-steps.ts";
import type { Purpose, SettlingRoom, WrittenCeremony } from "./purpose.ts";
import type { Sitting } from "./sitting.ts";

/** Every root signs its ARL anew: at least every 12 months. */
export const arlRenewal: Purpose = {
  settle: async (room, order) => {
    if ((await roots(room)).length === 0) throw new SmkiError("HIERARCHY_MISSING");
    return order;
  },
  work: async (room) => {
    const all = await roots(room);
    return async (tx) => {
      const steps: WrittenCeremony["steps"][number][] = [];
      for (const root of all) steps.push(await publishArl(tx, room, root, "renewal"));
      return { acts: [], steps };
    };
  },
  makesKey: () => false,
};

/**
 * Holds a ceremony that signs the ARL of every root anew.
 *
 * @throws SmkiError HIERARCHY_MISSING, and what `holdCeremony` throws
 */
export function renewArls(room: CeremonyRoom, sitting: Sitting): Promise<CeremonyRecord> {
  return holdCeremony(room, arlRenewal, { purpose: "arl" }, sitting);
}

async function roots(room: SettlingRoom) {
  const authorities = await room.database.read((tx) => selectAuthorities(tx));
  return authorities.filter(({ profile }) => keyStoreOf(profile) === "ceremony");
}
