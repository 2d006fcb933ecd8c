import { sql } from "kysely";
import { byteaArray, int8Array } from "../database/binary-arrays.ts";
import type { Tx } from "../database/transaction.ts";
import type { DeviceDescription } from "./device.ts";

/** Rows that have arrived and are not in the inventory yet. */
export const staged = sql`incoming_device`;

/** A table of this transaction alone: nobody else sees it, and it goes with the transaction however that ends. */
export async function createStaging(tx: Tx): Promise<void> {
  await sql`
    create temporary table incoming_device (
      device_id bytea primary key, line bigint not null, device_type text not null, smi_status text,
      import_supplier bigint, gas_supplier bigint, manufacturer text, model text, hardware_version text,
      firmware_version text
    ) on commit drop`.execute(tx);
}

/** Tells the planner how many rows lie ready: otherwise it takes a table of a moment ago for an empty one. */
export async function endStaging(tx: Tx): Promise<void> {
  await sql`analyze incoming_device`.execute(tx);
}

/**
 * Adds rows.
 *
 * @returns those that were left out, since their Device stands on an earlier line
 */
export async function stageDevices(
  tx: Tx,
  rows: readonly { readonly line: number; readonly device: DeviceDescription }[],
): Promise<{ line: number; first: number }[]> {
  if (rows.length === 0) return [];
  const devices = rows.map(({ device }) => device);
  const ids = byteaArray(devices.map(({ deviceId }) => Buffer.from(deviceId, "hex")));
  const lines = int8Array(rows.map(({ line }) => line));
  const texts = (name: Exclude<keyof DeviceDescription, "deviceId" | "importSupplier" | "gasSupplier">) =>
    devices.map((device) => device[name] ?? null);
  const inserted = await sql`
    insert into incoming_device (device_id, line, device_type, smi_status, import_supplier, gas_supplier,
      manufacturer, model, hardware_version, firmware_version)
    select * from unnest(${ids}::bytea[], ${lines}::bigint[], ${texts("deviceType")}::text[],
      ${texts("smiStatus")}::text[], ${int8Array(devices.map(({ importSupplier }) => importSupplier ?? null))}::bigint[],
      ${int8Array(devices.map(({ gasSupplier }) => gasSupplier ?? null))}::bigint[],
      ${texts("manufacturer")}::text[], ${texts("model")}::text[], ${texts("hardwareVersion")}::text[],
      ${texts("firmwareVersion")}::text[])
    on conflict (device_id) do nothing`.execute(tx);
  if (inserted.numAffectedRows === BigInt(rows.length)) return [];
  const { rows: again } = await sql<{ line: number; first: number }>`
    select asked.line, incoming_device.line as first
    from unnest(${ids}::bytea[], ${lines}::bigint[]) asked (device_id, line)
    join incoming_device on incoming_device.device_id = asked.device_id and incoming_device.line <> asked.line
    order by asked.line`.execute(tx);
  return again;
}
