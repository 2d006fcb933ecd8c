import { sql } from "kysely";
import type { Database } from "../../src/database/connect.ts";

const atOnce = 50_000;

/**
 * Lodges rows that look like Device Certificates: an identifier each, and 376 octets of which most are random, as keys,
 * identifiers and signatures are. They are no certificates, and the ledger has no acts of them.
 */
export async function fillWithCertificates(database: Database, first: number, count: number): Promise<void> {
  for (let from = first; from < first + count; from += atOnce)
    await database.transaction((tx) =>
      sql`
        insert into certificate (serial_number, kind, authority_id, subject_identifier, usage, not_before, lodged_at, certificate)
        select decode('10' || lpad(to_hex(n), 30, '0'), 'hex'), 'device', 'issuing-dca/0001',
          decode('90b3' || lpad(to_hex(n / 2), 12, '0'), 'hex'), case when n % 2 = 0 then 'DS' else 'KA' end,
          now(), now(),
          decode(repeat('3082017030820116a0030201020210', 8), 'hex') || sha256(n::text::bytea)
            || sha256(('a' || n)::bytea) || sha256(('b' || n)::bytea) || sha256(('c' || n)::bytea)
            || sha256(('d' || n)::bytea) || decode(repeat('300a06082a8648ce3d0403020603551d', 6), 'hex')
        from generate_series(${from}::bigint, ${Math.min(from + atOnce, first + count) - 1}::bigint) n`.execute(
        tx,
      ),
    );
}
