import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import { partyById } from "../registration/registration.ts";
import type { DeviceDescription } from "./device.ts";
import type { DeviceScope } from "./inventory-store.ts";

/**
 * Refuses everyone but those who keep the inventory: the DCC, which does so under the Code, and the person at the machine.
 *
 * @throws SmkiError NOT_PERMITTED
 */
export async function requireKeeper(tx: Tx, by: Principal): Promise<void> {
  if (by.kind === "operator") return;
  const { categories } = await partyById(tx, by.partyId);
  if (!categories.includes("dcc"))
    throw new SmkiError("NOT_PERMITTED", { needed: "a credential of the DCC" });
}

/**
 * Whose Devices somebody may see: a Supplier those that it is responsible for, a manufacturer those in its ranges.
 *
 * @returns undefined: all
 */
export async function scopeOf(tx: Tx, by: Principal): Promise<DeviceScope | undefined> {
  if (by.kind === "operator") return undefined;
  const { id, categories, ranges } = await partyById(tx, by.partyId);
  return categories.includes("dcc") ? undefined : { partyId: id, ranges };
}

/** Pure: whether a Device is one of those. */
export function isInScope(
  { deviceId, importSupplier, gasSupplier }: DeviceDescription,
  scope: DeviceScope | undefined,
): boolean {
  if (scope === undefined || importSupplier === scope.partyId || gasSupplier === scope.partyId) return true;
  return scope.ranges.some(({ first, last }) => first <= deviceId && deviceId <= last);
}
