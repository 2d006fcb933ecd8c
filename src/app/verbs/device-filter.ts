import { type Command, Option } from "commander";
import type { DeviceQuery } from "../../devices/inventory.ts";
import type { Suppliers } from "../../devices/suppliers.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type DeviceType, deviceTypes, type SmiStatus, smiStatuses } from "../../rulebook/index.ts";

/** Which Devices a verb is about. */
export interface DeviceFilter {
  readonly type?: DeviceType;
  readonly status?: SmiStatus;
  readonly supplier?: string;
  readonly manufacturer?: string;
  readonly model?: string;
}

/** Adds those options to a verb. */
export function withDeviceFilter(command: Command): Command {
  return command
    .addOption(new Option("--type <type>", "only Devices of this type").choices(deviceTypes))
    .addOption(new Option("--status <status>", "only with this SMI status").choices(smiStatuses))
    .option("--supplier <party>", "only with this Import or Gas Supplier of record: signifier or name")
    .option("--manufacturer <name>", "only of this manufacturer")
    .option("--model <model>", "only of this model");
}

/** @throws SmkiError PARTY_NOT_FOUND for a Supplier that is not registered */
export function queryOf(
  { type, status, supplier, manufacturer, model }: DeviceFilter,
  { numberOf }: Suppliers,
): Omit<DeviceQuery, "limit" | "after" | "scope"> {
  const party = supplier === undefined ? undefined : numberOf(supplier);
  if (supplier !== undefined && party === undefined)
    throw new SmkiError("PARTY_NOT_FOUND", { name: supplier });
  return {
    ...(type === undefined ? {} : { deviceType: type }),
    ...(status === undefined ? {} : { smiStatus: status }),
    ...(party === undefined ? {} : { supplier: party }),
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
  };
}
