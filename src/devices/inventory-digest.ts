import { createHash, type Hash } from "node:crypto";
import { type DeviceDescription, modelFields } from "./device.ts";

/**
 * SHA-256 over what Devices were said to be, in the order of their IDs: a JSON array a line. The act of a file of
 * Devices has it, so that what the file left in the inventory can be told from what somebody else did.
 */
export class InventoryDigest {
  readonly #hash: Hash = createHash("sha256");
  devices = 0;

  add(device: DeviceDescription): void {
    const { deviceId, deviceType, smiStatus, importSupplier, gasSupplier } = device;
    const facts = [deviceId, deviceType, smiStatus, importSupplier, gasSupplier];
    const line = [...facts, ...modelFields.map((field) => device[field])];
    // What is not said is null, which no text is.
    this.#hash.update(`${JSON.stringify(line.map((fact) => fact ?? null))}\n`);
    this.devices += 1;
  }

  /** @returns in lower-case hexadecimal */
  finish(): string {
    return this.#hash.digest("hex");
  }
}
