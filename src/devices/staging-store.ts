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
      device_id bytea not null, line bigint not null, device_type text not null, smi_status text,
      import_supplier bigint, gas_supplier bigint, manufacturer text, model text, hardware_version text,
      firmware_version text
    ) on commit drop`.execute(tx);
}

/** Adds rows. No index yet: kept up row by row it would cost more than all the rest. */
export async function stageDevices(
  tx: Tx,
  rows: readonly { readonly line: number; readonly device: DeviceDescription }[],
): Promise<void> {
  if (rows.length === 0) return;
  const devices = rows.map(({ device }) => device);
  const texts = (name: Exclude<keyof DeviceDescription, "deviceId" | "importSupplier" | "gasSupplier">) =>
    devices.map((device) => device[name] ?? null);
  await sql`
    insert into incoming_device (device_id, line, device_type, smi_status, import_supplier, gas_supplier,
      manufacturer, model, hardware_version, firmware_version)
    select * from unnest(${byteaArray(devices.map(({ deviceId }) => Buffer.from(deviceId, "hex")))}::bytea[],
      ${int8Array(rows.map(({ line }) => line))}::bigint[], ${texts("deviceType")}::text[],
      ${texts("smiStatus")}::text[], ${int8Array(devices.map(({ importSupplier }) => importSupplier ?? null))}::bigint[],
      ${int8Array(devices.map(({ gasSupplier }) => gasSupplier ?? null))}::bigint[],
      ${texts("manufacturer")}::text[], ${texts("model")}::text[], ${texts("hardwareVersion")}::text[],
      ${texts("firmwareVersion")}::text[])`.execute(tx);
}

/** Rows told at once: there may be as many as the file has. */
const page = 1_000;

/** Every row whose Device stands on an earlier line, with that line; when all rows are there. */
export async function* repeatedDevices(tx: Tx): AsyncGenerator<{ line: number; first: number }> {
  // Otherwise the planner takes a table of a moment ago for an empty one.
  await sql`analyze incoming_device`.execute(tx);
  await sql`
    declare repeated_device cursor for
    select line, first from (
      select line, min(line) over (partition by device_id) as first from incoming_device) numbered
    where line > first order by line`.execute(tx);
  for (;;) {
    const { rows } = await sql<{ line: number; first: number }>`
      fetch ${sql.lit(page)} from repeated_device`.execute(tx);
    yield* rows;
    if (rows.length < page) break;
  }
  await sql`close repeated_device`.execute(tx);
}
