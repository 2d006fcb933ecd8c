import { type RawBuilder, sql } from "kysely";
import type { Eui64 } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import type { DeviceDescription } from "./device.ts";
import { columnsOf, descriptionIn, type WrittenRow } from "./inventory-store.ts";

/** Rows fetched at once. */
const page = 5_000;

/** What a change made of one Device. */
export interface DeviceVersion {
  readonly change: number;
  readonly since: Date;
  readonly device: DeviceDescription;
}

/** The Devices that a change of just now has listed or changed, in the order of their IDs. @param source - as `mergeDevices` had it */
export async function* devicesOfChange(
  tx: Tx,
  change: number,
  source: RawBuilder<unknown>,
): AsyncGenerator<DeviceDescription> {
  // Each is looked up: that a change of just now has many Devices no statistics know, and for few the planner would read all
  // of the source once for each.
  const rows = walk<WrittenRow>(
    tx,
    sql`select device.device_id, ${columnsOf("device")}
      from (select device_id from ${source}) incoming cross join lateral (
        select * from device where device_id = incoming.device_id limit 1) device
      where device.change_id = ${change} order by device.device_id`,
  );
  for await (const row of rows) yield descriptionIn(row);
}

/** All that the inventory says and ever said, change by change, and in each in the order of the Devices' IDs. */
export async function* allVersions(tx: Tx): AsyncGenerator<DeviceVersion> {
  const rows = walk<WrittenRow & { change_id: number; since: Date }>(
    tx,
    sql`select change_id, changed_at as since, device_id, ${columnsOf("device")} from device
      union all
      select change_id, since, device_id, ${columnsOf("device_history")} from device_history
      order by change_id, device_id`,
  );
  for await (const row of rows) yield { change: row.change_id, since: row.since, device: descriptionIn(row) };
}

/**
 * Devices whose versions do not follow one another: the newest stands in the inventory, each before it in the history
 * until the next began, and a status has its time from the first of those versions that have it in a row.
 */
export async function brokenHistories(tx: Tx, limit: number): Promise<{ count: number; devices: Eui64[] }> {
  const { rows } = await sql<{ count: number; devices: Eui64[] }>`
    with version as (
      select device_id, change_id, changed_at as since, null::timestamptz as until, smi_status, status_since,
        true as is_listed from device
      union all
      select device_id, change_id, since, until, smi_status, status_since, false from device_history
    ), followed as (
      select *, row_number() over in_order = 1 as is_first, lead(change_id) over in_order is null as is_last,
        lead(since) over in_order as next_since, lag(smi_status) over in_order as former_status,
        lag(status_since) over in_order as former_status_since
      from version window in_order as (partition by device_id order by change_id, is_listed)
    ), broken as (
      select distinct device_id from followed
      where is_listed <> is_last or until is distinct from next_since or status_since <> (
        case when not is_first and smi_status is not distinct from former_status then former_status_since
        else since end)
    )
    select (select count(*) from broken) as count, array(
      select encode(device_id, 'hex') from broken order by device_id limit ${limit}) as devices`.execute(tx);
  return rows[0] ?? { count: 0, devices: [] };
}

async function* walk<Row>(tx: Tx, query: RawBuilder<unknown>): AsyncGenerator<Row> {
  await sql`declare device_version no scroll cursor for ${query}`.execute(tx);
  try {
    for (;;) {
      const { rows } = await sql<Row>`fetch ${sql.lit(page)} from device_version`.execute(tx);
      yield* rows;
      if (rows.length < page) return;
    }
  } finally {
    await sql`close device_version`.execute(tx);
  }
}
