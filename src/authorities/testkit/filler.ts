import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";

/**
 * Lodges Organisation Certificates of a CA as rows alone: there is nothing that anybody signed, and no act of a
 * ledger tells of them. For what depends on how many there are, and on nothing else of them.
 *
 * @param from - the number of the first; each number gives one certificate, always the same
 * @returns their serial numbers, in hexadecimal
 */
export async function lodgeFiller(
  tx: Tx,
  authorityId: string,
  from: number,
  count: number,
  at: Date,
): Promise<string[]> {
  const { rows } = await sql<{ serial: string }>`
    insert into certificate (serial_number, kind, authority_id, usage, not_before, lodged_at, certificate)
    select '\\x4f'::bytea || substr(sha256(convert_to(${authorityId} || number::text, 'UTF8')), 1, 15),
           'organisation', ${authorityId}, 'DS', ${at}, ${at}, ''
    from generate_series(${from}::int, ${from + count - 1}::int) number
    returning encode(serial_number, 'hex') as serial`.execute(tx);
  return rows.map(({ serial }) => serial);
}

/** As {@link lodgeFiller}, all of them revoked, one a second up to `at`, for reasons in turn. */
export async function lodgeRevokedFiller(
  tx: Tx,
  authorityId: string,
  from: number,
  count: number,
  at: Date,
): Promise<void> {
  const serials = await lodgeFiller(tx, authorityId, from, count, at);
  await sql`
    insert into revocation (serial_number, authority_id, revoked_at, reason, requested_by)
    select decode(serial, 'hex'), ${authorityId},
           ${at}::timestamptz - make_interval(secs => ${count} - place),
           (array['unspecified', 'keyCompromise', 'superseded'])[1 + place % 3], 'filler'
    from unnest(${serials}::text[]) with ordinality as filler (serial, place)`.execute(tx);
}

/** Where the parts of a Device Certificate stand that differ from one to the next, in octets from its beginning. */
export interface DeviceTemplate {
  /** A Device Certificate, DER. */
  readonly certificate: Buffer;
  readonly serialNumber: Buffer;
  readonly deviceId: Buffer;
  /** The point of its public key, without the octet that says how it is written. */
  readonly publicKey: Buffer;
}

/**
 * Lodges Device Certificates as {@link lodgeFiller} does, with octets: each is the template with a serial number, a
 * Device ID, a public key and a signature of its own, where key and signature are random octets. Serial numbers rise
 * with the number, as those of a CA do with time.
 */
export async function lodgeDeviceFiller(
  tx: Tx,
  authorityId: string,
  template: DeviceTemplate,
  from: number,
  count: number,
  at: Date,
): Promise<void> {
  const { certificate } = template;
  const place = (part: Buffer) => certificate.indexOf(part) + 1;
  // The last octets of the signature's second number: its form stays as it is.
  const signature = certificate.length - 23;
  await sql`
    insert into certificate (serial_number, kind, authority_id, subject_identifier, usage, not_before, lodged_at,
                             certificate)
    select serial, 'device', ${authorityId}, device, 'DS', ${at}, ${at},
      overlay(overlay(overlay(overlay(overlay(${certificate}::bytea
        placing serial from ${place(template.serialNumber)}::int)
        placing device from ${place(template.deviceId)}::int)
        placing sha256(serial || '\\x01') from ${place(template.publicKey)}::int)
        placing sha256(serial || '\\x02') from ${place(template.publicKey) + 32}::int)
        placing substr(sha256(serial || '\\x03'), 1, 24) from ${signature}::int)
    from generate_series(${from}::int, ${from + count - 1}::int) number,
      lateral (select int4send(number) as octets) led,
      lateral (select '\\x4f'::bytea || octets || substr(sha256(octets), 1, 11) as serial,
                      '\\x00db12ff'::bytea || octets as device) parts`.execute(tx);
}

/** The serial number and the Device ID of the filler of that number, in hexadecimal. */
export function deviceFiller(number: number): { readonly serialNumber: string; readonly deviceId: string } {
  const octets = Buffer.alloc(4);
  octets.writeInt32BE(number);
  const random = hash("sha256", octets, "buffer").subarray(0, 11);
  return {
    serialNumber: `4f${octets.toString("hex")}${random.toString("hex")}`,
    deviceId: `00db12ff${octets.toString("hex")}`,
  };
}
