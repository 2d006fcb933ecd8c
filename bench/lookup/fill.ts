import { X509Certificate } from "node:crypto";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { type DeviceTemplate, lodgeDeviceFiller } from "../../src/authorities/testkit/filler.ts";
import type { Output } from "../../src/cli/output.ts";

const together = 50_000;

/** The one certificate that was issued, with its parts. */
async function template({ database }: Estate): Promise<DeviceTemplate & { readonly authorityId: string }> {
  const { rows } = await database.read((tx) =>
    sql<{ serial: Buffer; device: Buffer; authority: string; certificate: Buffer }>`
      select serial_number as serial, subject_identifier as device, authority_id as authority, certificate
      from certificate where kind = 'device' limit 1`.execute(tx),
  );
  const [row] = rows;
  if (row === undefined) throw new Error("no Device Certificate was issued");
  const spki = new X509Certificate(row.certificate).publicKey.export({ format: "der", type: "spki" });
  return {
    authorityId: row.authority,
    certificate: row.certificate,
    serialNumber: row.serial,
    deviceId: row.device,
    publicKey: spki.subarray(-64),
  };
}

/** Lodges filler, numbered from 1, and lets the server know what it has. Off the clock. */
export async function fill(estate: Estate, count: number, output: Output): Promise<void> {
  const { authorityId, ...device } = await template(estate);
  await output.progress("certificates of filler", count, async (advance) => {
    for (let from = 1; from <= count; from += together) {
      const some = Math.min(together, count - from + 1);
      await estate.database.transaction((tx) =>
        lodgeDeviceFiller(tx, authorityId, device, from, some, estate.clock()),
      );
      advance(some);
    }
  });
  await estate.database.transaction((tx) => sql`analyze certificate`.execute(tx));
}

/** What lies there: certificates, and what table and indexes take. */
export async function filled({ database }: Estate): Promise<{ count: number; octets: number }> {
  const { rows } = await database.read((tx) =>
    sql<{ count: number; octets: number }>`
      select count(*)::bigint as count, pg_total_relation_size('certificate') as octets from certificate`.execute(
      tx,
    ),
  );
  return rows[0] ?? { count: 0, octets: 0 };
}
