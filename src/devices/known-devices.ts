import { sql } from "kysely";
import { type Eui64, eui64FromOctets } from "../certificates/index.ts";
import { byteaArray } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import type { DeviceType, SmiStatus } from "../rulebook/index.ts";
import type { KnownDevice } from "./eligibility.ts";

/** What a request for a certificate is judged by. */
export interface DeviceStanding {
  readonly device: Exclude<KnownDevice, string> | undefined;
  /** In the place of the rule `deviceCertificatesPerDevice`. */
  readonly certificateLimit: number | undefined;
}

interface Row {
  device_id: Buffer;
  device_type: DeviceType | null;
  smi_status: SmiStatus | null;
  import_supplier: number | null;
  gas_supplier: number | null;
  certificates: number | null;
}

/**
 * What is known of these Devices, in one statement. A Device that the inventory does not list and that has no limit of
 * its own is absent.
 */
export async function standingOfDevices(
  tx: Tx,
  deviceIds: readonly Eui64[],
): Promise<ReadonlyMap<Eui64, DeviceStanding>> {
  const ids = byteaArray(deviceIds.map((deviceId) => Buffer.from(deviceId, "hex")));
  // Each is looked up by the primary keys, whatever the planner thinks of the tables: a join by hash would read them whole.
  const { rows } = await sql<Row>`${prepared}
    select asked.device_id, known.*
    from unnest(${ids}::bytea[]) asked (device_id)
    cross join lateral (
      select device.device_type, device.smi_status, device.import_supplier, device.gas_supplier,
        limited.certificates
      from (select asked.device_id) each
      left join device on device.device_id = each.device_id
      left join device_certificate_limit limited on limited.device_id = each.device_id
      limit 1
    ) known
    where known.device_type is not null or known.certificates is not null`.execute(tx);
  return new Map(rows.map((row) => [eui64FromOctets(row.device_id), standingOf(row)]));
}

function standingOf(row: Row): DeviceStanding {
  return {
    certificateLimit: row.certificates ?? undefined,
    device:
      row.device_type === null
        ? undefined
        : {
            deviceType: row.device_type,
            ...(row.smi_status === null ? {} : { smiStatus: row.smi_status }),
            ...(row.import_supplier === null ? {} : { importSupplier: row.import_supplier }),
            ...(row.gas_supplier === null ? {} : { gasSupplier: row.gas_supplier }),
          },
  };
}
