import type { Eui64 } from "../certificates/index.ts";
import type { DeviceType, SmiStatus } from "../rulebook/index.ts";

/** What the inventory says of a Device (SEC Section A, Smart Metering Inventory). */
export interface DeviceDescription {
  readonly deviceId: Eui64;
  readonly deviceType: DeviceType;
  /** Absent of Type 2 Devices, which have none. */
  readonly smiStatus?: SmiStatus;
  /** The Party that is the Import Supplier of record, by its number. */
  readonly importSupplier?: number;
  /** The Party that is the Gas Supplier of record, by its number. */
  readonly gasSupplier?: number;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly hardwareVersion?: string;
  readonly firmwareVersion?: string;
}

/** A Device as it is listed. */
export interface Device extends DeviceDescription {
  /** Since when it has had this SMI status. */
  readonly statusSince: Date;
  /** When what is said of it changed last. */
  readonly changedAt: Date;
}
