import type { Party } from "../registration/party.ts";
import { type DeviceType, type EligibleDevices, notInInventory, type Rulebook } from "../rulebook/index.ts";
import type { DeviceDescription } from "./device.ts";

/** The table of SEC L3.16, as an edition has it. */
export type EligibilityRules = Pick<
  Rulebook,
  | "type2Devices"
  | "devicesOfTheDcc"
  | "devicesOfTheImportSupplier"
  | "devicesOfTheGasSupplier"
  | "devicesOfAnyParty"
>;

/** As whom a Party asks: a row of the table. */
export type Capacity = "dcc" | "import-supplier" | "gas-supplier" | "any-party";

/** What is known of the Device that is asked for; the inventory may not list it, which is a state of its own. */
export type KnownDevice =
  | Pick<DeviceDescription, "deviceType" | "smiStatus" | "importSupplier" | "gasSupplier">
  | typeof notInInventory;

/** Whether a Party may have a certificate for a Device, and as whom; or why not. */
export type Decision =
  | { readonly eligible: true; readonly as: Capacity }
  | { readonly eligible: false; readonly reason: "type-2-device" | "not-responsible" };

/**
 * Decides whether a Party is an Eligible Subscriber for a Device (SEC L3.16): whether any row of the table that it
 * stands in has the Device's type and state. That it is an Authorised Subscriber is for others to say.
 */
export function decide(
  party: Pick<Party, "id" | "categories">,
  device: KnownDevice,
  rules: EligibilityRules,
): Decision {
  if (device !== notInInventory && rules.type2Devices.value.includes(device.deviceType))
    return { eligible: false, reason: "type-2-device" };
  const as = capacitiesOf(party, device).find((capacity) => allows(rowOf(capacity, rules), device));
  return as === undefined ? { eligible: false, reason: "not-responsible" } : { eligible: true, as };
}

/** The rows of the table that a Party stands in for this Device. */
function capacitiesOf({ id, categories }: Pick<Party, "id" | "categories">, device: KnownDevice): Capacity[] {
  const capacities: Capacity[] = [];
  if (categories.includes("dcc")) capacities.push("dcc");
  if (device !== notInInventory) {
    if (device.importSupplier === id) capacities.push("import-supplier");
    if (device.gasSupplier === id) capacities.push("gas-supplier");
  }
  return [...capacities, "any-party"];
}

function rowOf(capacity: Capacity, rules: EligibilityRules): EligibleDevices {
  switch (capacity) {
    case "dcc":
      return rules.devicesOfTheDcc.value;
    case "import-supplier":
      return rules.devicesOfTheImportSupplier.value;
    case "gas-supplier":
      return rules.devicesOfTheGasSupplier.value;
    case "any-party":
      return rules.devicesOfAnyParty.value;
  }
}

/** A Device that is not listed has no type that anyone knows: its state alone decides. */
function allows({ deviceTypes, states }: EligibleDevices, device: KnownDevice): boolean {
  if (device === notInInventory) return states.includes(notInInventory);
  return (
    deviceTypes.includes(device.deviceType) &&
    device.smiStatus !== undefined &&
    states.includes(device.smiStatus)
  );
}

/** Whether Devices of a type have an SMI status: all but Type 2 Devices do (SEC Section A, Smart Metering Inventory). */
export function hasSmiStatus(deviceType: DeviceType, rules: Pick<EligibilityRules, "type2Devices">): boolean {
  return !rules.type2Devices.value.includes(deviceType);
}
