import { SmkiError } from "../../errors/smki-error.ts";
import type { Authority } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { numberFloors } from "../restoration.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { certifyAuthority, intendStep } from "./certify.ts";
import { issuingDcaId, issuingDcaNumber, keyAlgorithmOf } from "./hierarchy.ts";
import { holdCeremony } from "./hold.ts";
import type { Journal } from "./journal.ts";
import { selectStepNames } from "./journal-store.ts";
import { destroyLeftovers, makeKey } from "./key-steps.ts";
import { lodgeAuthorities } from "./lodge.ts";
import type { Purpose, SettlingRoom } from "./purpose.ts";
import type { Sitting } from "./sitting.ts";

const prefix = issuingDcaId(1).slice(0, -4);

/** The stock of Issuing DCAs is filled up to its size again, or so many are added to it. */
export const stockFilling: Purpose = {
  settle: async (room, order) => {
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    if (authorities.length === 0) throw new SmkiError("HIERARCHY_MISSING");
    const dcas = authorities.filter(({ profile }) => profile === "issuing-dca");
    const waiting = dcas.filter(({ state }) => state === "stock" || state === "released").length;
    const count = order.count ?? Math.max(0, room.terms.stockSize - waiting);
    return { ...order, count, first: (await highestNumber(room, dcas)) + 1 };
  },
  work: async (room, journal, { first = 1, count = 0 }) => {
    await destroyLeftovers(room, journal, stockFilling, "clear");
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    const stock = await makeStock(room, journal, authorities, first, count);
    return async (tx, ceremonyId) => ({
      acts: await lodgeAuthorities(tx, stock, ceremonyId, room.clock()),
      steps: [],
    });
  },
  makesKey: (label) => label.startsWith(prefix),
};

/**
 * Holds a ceremony that makes Issuing DCAs for the stock.
 *
 * @param count - how many; up to the stock's size when left out
 * @throws SmkiError HIERARCHY_MISSING, and what `holdCeremony` throws
 */
export function extendStock(room: CeremonyRoom, sitting: Sitting, count?: number): Promise<CeremonyRecord> {
  const order = { purpose: "stock", ...(count === undefined ? {} : { count }) } as const;
  return holdCeremony(room, stockFilling, order, sitting);
}

/**
 * Makes Issuing DCAs for the stock: a key in the operational store and a certificate under the Root DCA for
 * each. They sign nothing until two persons have released them.
 *
 * @param first - number of the first
 */
export async function makeStock(
  room: CeremonyRoom,
  journal: Journal,
  authorities: readonly Authority[],
  first: number,
  count: number,
): Promise<Authority[]> {
  const issuer = authorities.find(({ profile }) => profile === "root-dca");
  if (issuer === undefined) throw new SmkiError("HIERARCHY_MISSING");
  const stock: Authority[] = [];
  for (let number = first; number < first + count; number += 1) {
    const id = issuingDcaId(number);
    const algorithm = keyAlgorithmOf("issuing-dca");
    const key = await makeKey(room, journal, {
      label: id,
      store: "operational",
      algorithm,
      called: `${id} key`,
    });
    const request = { id, profile: "issuing-dca", key, terms: room.terms, issuer } as const;
    stock.push(await certifyAuthority(room, journal, request));
  }
  return stock;
}

/**
 * The highest number that a root has put its name to, in a ceremony that was abandoned too, or may have in one that a
 * restore knows nothing of: a name is given once.
 */
async function highestNumber(room: SettlingRoom, dcas: readonly Authority[]): Promise<number> {
  const { intended, floor } = await room.database.read(async (tx) => ({
    intended: await selectStepNames(tx, intendStep(prefix)),
    floor: (await numberFloors(tx)).issuingDcaFloor,
  }));
  const ids = [...dcas.map(({ id }) => id), ...intended.map((name) => name.slice(intendStep("").length))];
  return Math.max(floor, ...ids.map(issuingDcaNumber));
}
