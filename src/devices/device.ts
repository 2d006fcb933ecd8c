import { type Eui64, eui64 } from "../certificates/index.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { type DeviceType, deviceTypes, type SmiStatus, smiStatuses } from "../rulebook/index.ts";
import { type EligibilityRules, hasSmiStatus } from "./eligibility.ts";

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

/** A Device as it is, or was, listed. */
export interface Device extends DeviceDescription {
  /** Since when it has had this SMI status. */
  readonly statusSince: Date;
  /** Since when all of this is so. */
  readonly since: Date;
}

/** The parts of a Device's model: the names of its fields, in the order in which they are shown. */
export const modelFields = ["manufacturer", "model", "hardwareVersion", "firmwareVersion"] as const;

/** What somebody says of a Device, as text: empty, or left out, where there is nothing to say. */
export type DeviceText = Partial<Record<keyof DeviceDescription, string>>;

const longestText = 64;
/** Nothing that would break a line of a file or a terminal. */
const printable = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/**
 * Reads what somebody says of a Device.
 *
 * @param supplierOf - the number of the Supplier with that signifier or name; undefined when there is none
 * @throws SmkiError DEVICE_INVALID, naming the field and what would be right
 */
export function readDevice(
  text: DeviceText,
  supplierOf: (name: string) => number | undefined,
  rules: EligibilityRules,
): DeviceDescription {
  const deviceId = readDeviceId(text.deviceId ?? "");
  const deviceType = oneOf("deviceType", deviceTypes, text.deviceType ?? "");
  const smiStatus = readStatus(deviceType, text.smiStatus ?? "", rules);
  const importSupplier = readSupplier("importSupplier", text.importSupplier, supplierOf);
  const gasSupplier = readSupplier("gasSupplier", text.gasSupplier, supplierOf);
  return {
    deviceId,
    deviceType,
    ...(smiStatus === undefined ? {} : { smiStatus }),
    ...(importSupplier === undefined ? {} : { importSupplier }),
    ...(gasSupplier === undefined ? {} : { gasSupplier }),
    ...Object.fromEntries(
      modelFields.flatMap((field) => {
        const value = text[field] ?? "";
        return value === "" ? [] : [[field, shortText(field, value)]];
      }),
    ),
  };
}

function refuse(field: keyof DeviceDescription, problem: string): never {
  throw new SmkiError("DEVICE_INVALID", { field, problem });
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

function readDeviceId(text: string): Eui64 {
  try {
    return eui64(text);
  } catch (error) {
    if (!isSmkiError(error, "EUI64_INVALID")) throw error;
    return refuse("deviceId", `${quoted(text)} is no EUI-64; write 16 hexadecimal digits`);
  }
}

function oneOf<Word extends string>(
  field: keyof DeviceDescription,
  words: readonly Word[],
  text: string,
): Word {
  const word = words.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  const known = words.join(", ");
  return (
    word ?? refuse(field, text === "" ? `one of ${known} is needed` : `${quoted(text)} is none of ${known}`)
  );
}

function readStatus(deviceType: DeviceType, text: string, rules: EligibilityRules): SmiStatus | undefined {
  if (hasSmiStatus(deviceType, rules)) return oneOf("smiStatus", smiStatuses, text);
  return text === ""
    ? undefined
    : refuse("smiStatus", `a Type 2 Device (${deviceType}) has none; leave it empty`);
}

function readSupplier(
  field: "importSupplier" | "gasSupplier",
  name: string | undefined,
  supplierOf: (name: string) => number | undefined,
): number | undefined {
  if (name === undefined || name === "") return undefined;
  const party = supplierOf(name);
  return (
    party ??
    refuse(field, `no Supplier is registered as ${quoted(name)}; give its signifier or its whole name`)
  );
}

function shortText(field: keyof DeviceDescription, value: string): string {
  if (value.length > longestText)
    refuse(field, `it has ${String(value.length)} characters; write ${String(longestText)} at the most`);
  if (!printable.test(value) || !value.isWellFormed())
    refuse(field, "it holds characters that cannot be printed; leave them out");
  return value;
}
