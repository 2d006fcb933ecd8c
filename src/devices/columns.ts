import type { DeviceDescription } from "./device.ts";

/** The columns of a file of Devices, and what they hold: the same in as out. */
export const columns = [
  ["device_id", "deviceId"],
  ["device_type", "deviceType"],
  ["smi_status", "smiStatus"],
  ["import_supplier", "importSupplier"],
  ["gas_supplier", "gasSupplier"],
  ["manufacturer", "manufacturer"],
  ["model", "model"],
  ["hardware_version", "hardwareVersion"],
  ["firmware_version", "firmwareVersion"],
] as const satisfies readonly (readonly [string, keyof DeviceDescription])[];

/** The first line of a file. */
export const columnNames: readonly string[] = columns.map(([name]) => name);
