import { sql } from "kysely";
import {
  type RevocationReason,
  type SerialNumber,
  serialNumberFromOctets,
} from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";

type RevocationTables = {
  revocation: {
    serial_number: Buffer;
    authority_id: string;
    revoked_at: Date;
    reason: RevocationReason;
    requested_by: string;
  };
  certificate_revocation_list: {
    authority_id: string;
    number: number;
    this_update: Date;
    next_update: Date;
    entries: number;
    list: Buffer;
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

/** A published CRL or ARL. */
export interface PublishedList {
  readonly authorityId: string;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly entries: number;
  /** DER. */
  readonly list: Buffer;
}

/** Inserts a revocation; false when the certificate is revoked already. */
export async function insertRevocation(tx: Tx, revocation: Revocation): Promise<boolean> {
  const inserted = await tables(tx)
    .insertInto("revocation")
    .values({
      serial_number: Buffer.from(revocation.serialNumber, "hex"),
      authority_id: revocation.authorityId,
      revoked_at: revocation.revokedAt,
      reason: revocation.reason,
      requested_by: revocation.requestedBy,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

/** What one CA has revoked, oldest first. */
export async function selectRevocations(tx: Tx, authorityId: string): Promise<Revocation[]> {
  const rows = await tables(tx)
    .selectFrom("revocation")
    .selectAll()
    .where("authority_id", "=", authorityId)
    .orderBy("revoked_at")
    .orderBy("serial_number")
    .execute();
  return rows.map((row) => ({
    serialNumber: serialNumberFromOctets(row.serial_number),
    authorityId: row.authority_id,
    revokedAt: row.revoked_at,
    reason: row.reason,
    requestedBy: row.requested_by,
  }));
}

/** How many certificates the CA has revoked. Read from an index alone: 100,000 take some milliseconds. */
export async function countRevocations(tx: Tx, authorityId: string): Promise<number> {
  const row = await tables(tx)
    .selectFrom("revocation")
    .select((select) => select.fn.countAll<number>().as("count"))
    .where("authority_id", "=", authorityId)
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function insertList(tx: Tx, list: PublishedList): Promise<void> {
  await tables(tx)
    .insertInto("certificate_revocation_list")
    .values({
      authority_id: list.authorityId,
      number: list.number,
      this_update: list.thisUpdate,
      next_update: list.nextUpdate,
      entries: list.entries,
      list: list.list,
    })
    .execute();
}

/** What is said of the current list of a CA, without its octets, which may be millions. */
export async function currentListState(
  tx: Tx,
  authorityId: string,
): Promise<Omit<PublishedList, "list"> | undefined> {
  const row = await tables(tx)
    .selectFrom("certificate_revocation_list")
    .select(["authority_id", "number", "this_update", "next_update", "entries"])
    .where("authority_id", "=", authorityId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && fromListRow(row);
}

function fromListRow(row: Omit<RevocationTables["certificate_revocation_list"], "list">) {
  return {
    authorityId: row.authority_id,
    number: row.number,
    thisUpdate: row.this_update,
    nextUpdate: row.next_update,
    entries: row.entries,
  };
}

/** The current list of a CA: the one with the highest number. */
export async function currentList(tx: Tx, authorityId: string): Promise<PublishedList | undefined> {
  const row = await tables(tx)
    .selectFrom("certificate_revocation_list")
    .selectAll()
    .where("authority_id", "=", authorityId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && { ...fromListRow(row), list: row.list };
}

/** When the latest list of any CA was signed. */
export async function lastListAt(tx: Tx): Promise<Date | undefined> {
  const row = await tables(tx)
    .selectFrom("certificate_revocation_list")
    .select((select) => select.fn.max("this_update").as("latest"))
    .executeTakeFirst();
  return row?.latest ?? undefined;
}

/** Serialises the makers of one CA's list until the transaction ends, so that its numbers rise one by one. */
export async function lockListOf(tx: Tx, authorityId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`crl:${authorityId}`}, 0))`.execute(tx);
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
