/**
 * What a Device is, in the words of the DCC User Interface Specification; a PPMID with the side of the premises that it
 * serves, since that decides whose it is. SAPC: a standalone auxiliary proportional controller.
 */
export const deviceTypes = [
  "ESME",
  "GSME",
  "CHF",
  "GPF",
  "HCALCS",
  "SAPC",
  "PPMID-electricity",
  "PPMID-gas",
  "IHD",
  "CAD",
  "Type2",
] as const;

export type DeviceType = (typeof deviceTypes)[number];

/** Where a Device stands in the Smart Metering Inventory, in the words of the DCC User Interface Specification. */
export const smiStatuses = [
  "Pending",
  "Whitelisted",
  "InstalledNotCommissioned",
  "Commissioned",
  "Decommissioned",
  "Suspended",
  "Withdrawn",
  "Recovery",
  "Recovered",
] as const;

export type SmiStatus = (typeof smiStatuses)[number];

/** A Device that the inventory does not list: a state of its own, in which nothing is known of it. */
export const notInInventory = "not-in-inventory";

/** For which Devices someone is an Eligible Subscriber: any of these types in any of these states. */
export interface EligibleDevices {
  readonly deviceTypes: readonly DeviceType[];
  readonly states: readonly (SmiStatus | typeof notInInventory)[];
}
