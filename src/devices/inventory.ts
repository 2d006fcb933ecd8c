import type { Eui64 } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { Principal } from "../registration/principal.ts";
import { type Device, type DeviceDescription, type DeviceText, modelFields, readDevice } from "./device.ts";
import type { EligibilityRules } from "./eligibility.ts";
import {
  type DeviceQuery,
  type FormerDevice,
  lockInventory,
  mergeDevices,
  selectDevice,
  selectDevices,
  selectHistory,
  singleRow,
} from "./inventory-store.ts";
import { isInScope, requireKeeper, scopeOf } from "./permissions.ts";
import { readSuppliers, type Suppliers } from "./suppliers.ts";

export type { DeviceQuery, FormerDevice } from "./inventory-store.ts";

/**
 * Lists a Device, or says of a listed one that all of this is so now; what was so before goes into its history.
 *
 * @param only - `new`: a Device that is listed is refused; `listed`: one that is not
 * @returns whether it was added, changed or is as it was
 * @throws SmkiError NOT_PERMITTED, DEVICE_INVALID, DEVICE_LISTED, DEVICE_NOT_LISTED
 */
export async function putDevice(
  tx: Tx,
  by: Principal,
  text: DeviceText,
  rules: EligibilityRules,
  at: Date,
  only?: "new",
): Promise<"added" | "changed" | "unchanged"> {
  await requireKeeper(tx, by);
  const device = readDevice(text, (await readSuppliers(tx)).numberOf, rules);
  await lockInventory(tx);
  if (only === "new" && (await selectDevice(tx, device.deviceId)) !== undefined)
    throw new SmkiError("DEVICE_LISTED", { device: device.deviceId });
  return put(tx, by, device, at);
}

/**
 * Changes what the inventory says of a Device, and leaves what is not named.
 *
 * @param changes - an empty text removes what was said
 * @throws SmkiError NOT_PERMITTED, DEVICE_INVALID, DEVICE_NOT_LISTED
 */
export async function changeDevice(
  tx: Tx,
  by: Principal,
  deviceId: Eui64,
  changes: Omit<DeviceText, "deviceId">,
  rules: EligibilityRules,
  at: Date,
): Promise<"changed" | "unchanged"> {
  await requireKeeper(tx, by);
  await lockInventory(tx);
  const suppliers = await readSuppliers(tx);
  const current = await requireListed(tx, deviceId);
  const device = readDevice({ ...textOf(current, suppliers), ...changes }, suppliers.numberOf, rules);
  return (await put(tx, by, device, at)) === "unchanged" ? "unchanged" : "changed";
}

async function put(
  tx: Tx,
  by: Principal,
  device: DeviceDescription,
  at: Date,
): Promise<"added" | "changed" | "unchanged"> {
  const { added, changed, change } = await mergeDevices(tx, singleRow(device), at);
  if (added + changed === 0) return "unchanged";
  const { deviceId, importSupplier, gasSupplier, smiStatus, ...others } = device;
  await recordActs(tx, [
    {
      kind: added === 1 ? "device.listed" : "device.changed",
      at,
      by: by.name,
      subject: {
        ...others,
        device: deviceId,
        change,
        smiStatus: smiStatus ?? null,
        importSupplier: importSupplier ?? null,
        gasSupplier: gasSupplier ?? null,
      },
    },
  ]);
  return added === 1 ? "added" : "changed";
}

async function requireListed(tx: Tx, deviceId: Eui64): Promise<Device> {
  const device = await selectDevice(tx, deviceId);
  if (device === undefined) throw new SmkiError("DEVICE_NOT_LISTED", { device: deviceId });
  return device;
}

/** What the inventory says of a Device, in the text that `readDevice` reads. */
export function textOf(device: DeviceDescription, { nameOf }: Suppliers): Required<DeviceText> {
  const [manufacturer = "", model = "", hardwareVersion = "", firmwareVersion = ""] = modelFields.map(
    (field) => device[field] ?? "",
  );
  return {
    deviceId: device.deviceId,
    deviceType: device.deviceType,
    smiStatus: device.smiStatus ?? "",
    importSupplier: device.importSupplier === undefined ? "" : nameOf(device.importSupplier),
    gasSupplier: device.gasSupplier === undefined ? "" : nameOf(device.gasSupplier),
    manufacturer,
    model,
    hardwareVersion,
    firmwareVersion,
  };
}

/**
 * A Device as the inventory lists it.
 *
 * @throws SmkiError DEVICE_NOT_LISTED, also for one that is not the asker's to see
 */
export async function findDevice(tx: Tx, by: Principal, deviceId: Eui64): Promise<Device> {
  const device = await requireListed(tx, deviceId);
  if (!isInScope(device, await scopeOf(tx, by)))
    throw new SmkiError("DEVICE_NOT_LISTED", { device: deviceId });
  return device;
}

/** What was so of a Device before, newest first. @throws SmkiError as `findDevice` */
export async function historyOfDevice(tx: Tx, by: Principal, deviceId: Eui64): Promise<FormerDevice[]> {
  const scope = await scopeOf(tx, by);
  await findDevice(tx, by, deviceId);
  // A former Supplier's time is not shown to the next one, nor the next one's to it.
  return (await selectHistory(tx, deviceId)).filter((former) => isInScope(former, scope));
}

/**
 * What the inventory said of a Device at a time, for a dispute.
 *
 * @returns undefined: it was not listed then
 * @throws SmkiError as `findDevice`
 */
export async function deviceAt(
  tx: Tx,
  by: Principal,
  deviceId: Eui64,
  time: Date,
): Promise<Device | undefined> {
  const device = await findDevice(tx, by, deviceId);
  if (device.since <= time) return device;
  return (await historyOfDevice(tx, by, deviceId)).find(({ since, until }) => since <= time && time < until);
}

/** Devices that match and that the asker may see, in the order of their IDs. */
export async function searchDevices(
  tx: Tx,
  by: Principal,
  query: Omit<DeviceQuery, "scope">,
): Promise<Device[]> {
  const scope = await scopeOf(tx, by);
  return selectDevices(tx, { ...query, ...(scope === undefined ? {} : { scope }) });
}
