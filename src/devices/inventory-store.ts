import { type RawBuilder, sql } from "kysely";
import { type Eui64, eui64FromOctets } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import type { DeviceType, SmiStatus } from "../rulebook/index.ts";
import { type Device, type DeviceDescription, modelFields } from "./device.ts";

/** What is written of a Device, apart from when: the columns of `device` and of `device_history` alike. */
const written = [
  "device_type",
  "smi_status",
  "import_supplier",
  "gas_supplier",
  "manufacturer",
  "model",
  "hardware_version",
  "firmware_version",
] as const;

/** A row with those columns. */
export type WrittenRow = {
  device_id: Buffer;
  device_type: DeviceType;
  smi_status: SmiStatus | null;
  import_supplier: number | null;
  gas_supplier: number | null;
  manufacturer: string | null;
  model: string | null;
  hardware_version: string | null;
  firmware_version: string | null;
};

type DeviceRow = WrittenRow & { status_since: Date; changed_at: Date; change_id: number };

type DeviceTables = {
  device: DeviceRow;
  device_history: Omit<DeviceRow, "changed_at"> & { id: number; since: Date; until: Date };
};

const tables = (tx: Tx) => tx.$extendTables<DeviceTables>();
const octetsOf = (deviceId: Eui64): Buffer => Buffer.from(deviceId, "hex");

/** The columns of `written` in one table, as a list. */
export const columnsOf = (table: string): RawBuilder<unknown> =>
  sql.join(written.map((column) => sql.ref(`${table}.${column}`)));

/** One Device as a row that `mergeDevices` takes. */
export function singleRow(device: DeviceDescription): RawBuilder<unknown> {
  const { deviceType, smiStatus, importSupplier, gasSupplier, ...others } = device;
  return sql`(values (${octetsOf(device.deviceId)}::bytea, ${deviceType}::text, ${smiStatus ?? null}::text,
    ${importSupplier ?? null}::bigint, ${gasSupplier ?? null}::bigint,
    ${sql.join(modelFields.map((field) => sql`${others[field] ?? null}::text`))}))
    one (device_id, ${sql.join(written.map((column) => sql.ref(column)))})`;
}

/** How many Devices a merge listed anew, changed, and found as they were. */
export interface MergeCounts {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** What a merge would do. */
export async function countMerge(tx: Tx, source: RawBuilder<unknown>): Promise<MergeCounts> {
  const { rows } = await sql<MergeCounts>`
    select count(*) filter (where device.device_id is null) as added,
      count(*) filter (where device.device_id is not null and ${differs}) as changed,
      count(*) filter (where device.device_id is not null and not ${differs}) as unchanged
    from (select * from ${source}) incoming left join device on device.device_id = incoming.device_id`.execute(
    tx,
  );
  return rows[0] ?? { added: 0, changed: 0, unchanged: 0 };
}

const differs = sql`(${columnsOf("device")}) is distinct from (${columnsOf("incoming")})`;

/**
 * Brings rows into the inventory: those of Devices that it does not list are added; of those that say something else,
 * what was so until now goes into the history; all others are not touched. The caller holds the lock of the inventory,
 * so that nothing changes between the statements.
 *
 * @param source - a relation with `device_id` and the columns of `written`, each Device once
 * @returns the counts, and the number of the change, which is higher than that of any before
 */
export async function mergeDevices(
  tx: Tx,
  source: RawBuilder<unknown>,
  at: Date,
): Promise<Omit<MergeCounts, "unchanged"> & { readonly change: number }> {
  const change = await drawChange(tx);
  const names = sql.join(written.map((column) => sql.ref(column)));
  const incoming = sql`(select * from ${source}) incoming`;
  await sql`
    insert into device_history (device_id, since, until, status_since, change_id, ${names})
    select device.device_id, device.changed_at, ${at}::timestamptz, device.status_since, device.change_id,
      ${columnsOf("device")}
    from device join ${incoming} on incoming.device_id = device.device_id
    where ${differs}`.execute(tx);
  const changed = await sql`
    update device set
      ${sql.join(written.map((column) => sql`${sql.ref(column)} = ${sql.ref(`incoming.${column}`)}`))},
      status_since = case when device.smi_status is distinct from incoming.smi_status
        then ${at}::timestamptz else device.status_since end,
      changed_at = ${at}::timestamptz, change_id = ${change}
    from ${incoming} where incoming.device_id = device.device_id and ${differs}`.execute(tx);
  // In the order of the index, into which a million in any other order would go one page at a time.
  const added = await sql`
    insert into device (device_id, status_since, changed_at, change_id, ${names})
    select incoming.device_id, ${at}::timestamptz, ${at}::timestamptz, ${change}::bigint, ${columnsOf("incoming")}
    from ${incoming} where not exists (select from device where device.device_id = incoming.device_id)
    order by incoming.device_id`.execute(tx);
  return { added: Number(added.numAffectedRows), changed: Number(changed.numAffectedRows), change };
}

async function drawChange(tx: Tx): Promise<number> {
  const { rows } = await sql<{ change: number }>`
    select nextval(pg_get_serial_sequence('device_history', 'id')) as change`.execute(tx);
  return rows[0]?.change ?? 0;
}

/** Waits for whoever else changes the inventory, and keeps them out until the transaction ends. */
export async function lockInventory(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${0x736d_696e_7665_6e74n.toString()}::bigint)`.execute(tx); // "sminvent"
}

/** A Device as it is listed now; undefined when it is not. */
export async function selectDevice(tx: Tx, deviceId: Eui64): Promise<Device | undefined> {
  const row = await tables(tx)
    .selectFrom("device")
    .selectAll()
    .where("device_id", "=", octetsOf(deviceId))
    .executeTakeFirst();
  return row && fromRow(row, row.changed_at);
}

/** What was so of a Device, and until when. */
export interface FormerDevice extends Device {
  readonly until: Date;
}

/** What was so of a Device before, newest first. */
export async function selectHistory(tx: Tx, deviceId: Eui64): Promise<FormerDevice[]> {
  const rows = await tables(tx)
    .selectFrom("device_history")
    .selectAll()
    .where("device_id", "=", octetsOf(deviceId))
    .orderBy("id", "desc")
    .execute();
  return rows.map((row) => ({ ...fromRow(row, row.since), until: row.until }));
}

/** Whose Devices somebody may see: those of which the Party is a Supplier of record, and those in ranges of its own. */
export interface DeviceScope {
  readonly partyId: number;
  readonly ranges: readonly { readonly first: Eui64; readonly last: Eui64 }[];
}

/** What a search may ask for; every part narrows. */
export interface DeviceQuery {
  readonly deviceType?: DeviceType;
  readonly smiStatus?: SmiStatus;
  /** A Party that is the Import or the Gas Supplier of record. */
  readonly supplier?: number;
  readonly manufacturer?: string;
  readonly model?: string;
  /** Only Devices after this one, in the order of their IDs. */
  readonly after?: Eui64;
  readonly scope?: DeviceScope;
  readonly limit: number;
}

/** Devices that match, in the order of their IDs. */
export async function selectDevices(tx: Tx, query: DeviceQuery): Promise<Device[]> {
  let select = tables(tx).selectFrom("device").selectAll().orderBy("device_id").limit(query.limit);
  const { deviceType, smiStatus, supplier, manufacturer, model, after, scope } = query;
  if (deviceType !== undefined) select = select.where("device_type", "=", deviceType);
  if (smiStatus !== undefined) select = select.where("smi_status", "=", smiStatus);
  if (manufacturer !== undefined) select = select.where("manufacturer", "=", manufacturer);
  if (model !== undefined) select = select.where("model", "=", model);
  if (after !== undefined) select = select.where("device_id", ">", octetsOf(after));
  if (supplier !== undefined)
    select = select.where((on) =>
      on.or([on("import_supplier", "=", supplier), on("gas_supplier", "=", supplier)]),
    );
  if (scope !== undefined)
    select = select.where((on) =>
      on.or([
        on("import_supplier", "=", scope.partyId),
        on("gas_supplier", "=", scope.partyId),
        ...scope.ranges.map(({ first, last }) => on.between("device_id", octetsOf(first), octetsOf(last))),
      ]),
    );
  return (await select.execute()).map((row) => fromRow(row, row.changed_at));
}

const fromRow = (row: WrittenRow & { status_since: Date }, since: Date): Device => ({
  ...descriptionIn(row),
  statusSince: row.status_since,
  since,
});

/** What a row says of a Device. */
export function descriptionIn(row: WrittenRow): DeviceDescription {
  return {
    deviceId: eui64FromOctets(row.device_id),
    deviceType: row.device_type,
    ...(row.smi_status === null ? {} : { smiStatus: row.smi_status }),
    ...(row.import_supplier === null ? {} : { importSupplier: row.import_supplier }),
    ...(row.gas_supplier === null ? {} : { gasSupplier: row.gas_supplier }),
    ...(row.manufacturer === null ? {} : { manufacturer: row.manufacturer }),
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.hardware_version === null ? {} : { hardwareVersion: row.hardware_version }),
    ...(row.firmware_version === null ? {} : { firmwareVersion: row.firmware_version }),
  };
}
