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
