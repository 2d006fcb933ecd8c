import { sql } from "kysely";
import type { RevocationReason, SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";

type RevocationTables = {
  revocation: {
    serial_number: Buffer;
    authority_id: string;
    revoked_at: Date;
    reason: RevocationReason;
    requested_by: string;
    listed_in: number | null;
  };
  certificate_not_in_use: { serial_number: Buffer; since: Date; reason: string; reported_by: string };
};

const tables = (tx: Tx) => tx.$extendTables<RevocationTables>();

/** A certificate that its CA revoked. */
export interface Revocation {
  readonly serialNumber: SerialNumber;
  readonly authorityId: string;
  readonly revokedAt: Date;
  readonly reason: RevocationReason;
  readonly requestedBy: string;
}

/** Inserts a revocation, on no list yet; false when the certificate is revoked already. */
export async function insertRevocation(tx: Tx, revocation: Revocation): Promise<boolean> {
  const inserted = await tables(tx)
    .insertInto("revocation")
    .values({
      serial_number: Buffer.from(revocation.serialNumber, "hex"),
      authority_id: revocation.authorityId,
      revoked_at: revocation.revokedAt,
      reason: revocation.reason,
      requested_by: revocation.requestedBy,
      listed_in: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

/** Whether the CA has revoked a certificate that is on none of its lists yet. One look into an index, at any size. */
export async function hasUnlisted(tx: Tx, authorityId: string): Promise<boolean> {
  const row = await tables(tx)
    .selectFrom("revocation")
    .select("authority_id")
    .where("authority_id", "=", authorityId)
    .where("listed_in", "is", null)
    // In the order of the index: or else PostgreSQL, whose statistics are of before the last list, goes through all.
    .orderBy("listed_in")
    .orderBy("revoked_at")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Puts every revocation that is committed by now on the list with that number. One that commits later waits for the
 * next: by this mark and not by any time or number of its own, since those are given before the commit.
 */
export async function markListed(tx: Tx, authorityId: string, number: number): Promise<void> {
  await tables(tx)
    .updateTable("revocation")
    .set({ listed_in: number })
    .where("authority_id", "=", authorityId)
    .where("listed_in", "is", null)
    .execute();
}

/** Octets of one revocation in {@link selectListed}. */
export const packedOctets = 34;

/**
 * What stands on the CA's lists, in their order: the number of its first list (8 octets), its serial number (16), the
 * whole second of its revocation since 1970 (8), and the place of its reason among `reasons`, from 1 (2). One value,
 * since 100,000 rows cost this process ten times as much.
 */
export async function selectListed(
  tx: Tx,
  authorityId: string,
  reasons: readonly RevocationReason[],
): Promise<Buffer> {
  const { rows } = await sql<{ packed: Buffer | null }>`
    select string_agg(
      int8send(listed_in) || serial_number || int8send(floor(extract(epoch from revoked_at))::bigint)
        || int2send(coalesce(array_position(${reasons}::text[], reason), 0)::smallint),
      ''::bytea order by listed_in, revoked_at, serial_number) as packed
    from revocation where authority_id = ${authorityId} and listed_in is not null`.execute(tx);
  return rows[0]?.packed ?? Buffer.alloc(0);
}

/** Marks a certificate as not in use; false when it is marked already. */
export async function insertNotInUse(
  tx: Tx,
  mark: { serialNumber: SerialNumber; since: Date; reason: string; reportedBy: string },
): Promise<boolean> {
  const inserted = await tables(tx)
    .insertInto("certificate_not_in_use")
    .values({
      serial_number: Buffer.from(mark.serialNumber, "hex"),
      since: mark.since,
      reason: mark.reason,
      reported_by: mark.reportedBy,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}
