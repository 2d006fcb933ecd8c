import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";

type ListTables = {
  certificate_revocation_list: {
    authority_id: string;
    number: number;
    this_update: Date;
    next_update: Date;
    entries: number;
    list: Buffer | null;
    signature: Buffer | null;
  };
};

const tables = (tx: Tx) => tx.$extendTables<ListTables>();

/** What is kept of every list for ever. */
export interface ListRecord {
  readonly authorityId: string;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly entries: number;
  /** As it stands in the list; absent for lists of before it was kept, which keep their octets instead. */
  readonly signature?: Buffer;
}

/** A published CRL or ARL. */
export interface PublishedList extends ListRecord {
  /** DER. */
  readonly list: Buffer;
}

/** Lodges a list. The octets of the one before it go: it is made again from what is kept (rebuild-list.ts). */
export async function insertList(tx: Tx, list: PublishedList): Promise<void> {
  await tables(tx)
    .updateTable("certificate_revocation_list")
    .set({ list: null })
    .where("authority_id", "=", list.authorityId)
    .where("list", "is not", null)
    .where("signature", "is not", null)
    .execute();
  await tables(tx)
    .insertInto("certificate_revocation_list")
    .values({
      authority_id: list.authorityId,
      number: list.number,
      this_update: list.thisUpdate,
      next_update: list.nextUpdate,
      entries: list.entries,
      list: list.list,
      signature: list.signature ?? null,
    })
    .execute();
}

const recordColumns = [
  "authority_id",
  "number",
  "this_update",
  "next_update",
  "entries",
  "signature",
] as const;

const records = (tx: Tx, authorityId: string) =>
  tables(tx)
    .selectFrom("certificate_revocation_list")
    .select(recordColumns)
    .where("authority_id", "=", authorityId);

const fromRow = (row: Omit<ListTables["certificate_revocation_list"], "list">): ListRecord => ({
  authorityId: row.authority_id,
  number: row.number,
  thisUpdate: row.this_update,
  nextUpdate: row.next_update,
  entries: row.entries,
  ...(row.signature === null ? {} : { signature: row.signature }),
});

/** What is said of the current list of a CA, without its octets, which may be millions. */
export async function currentListRecord(tx: Tx, authorityId: string): Promise<ListRecord | undefined> {
  const row = await records(tx, authorityId).orderBy("number", "desc").limit(1).executeTakeFirst();
  return row && fromRow(row);
}

/** What is kept of one list. */
export async function listRecord(
  tx: Tx,
  authorityId: string,
  number: number,
): Promise<ListRecord | undefined> {
  const row = await records(tx, authorityId).where("number", "=", number).executeTakeFirst();
  return row && fromRow(row);
}

/** What is kept of the lists of a CA, in their order, each with the SHA-256 of its octets where those are kept. */
export async function listRecords(
  tx: Tx,
  authorityId: string,
): Promise<(ListRecord & { readonly sha256?: string })[]> {
  const rows = await records(tx, authorityId)
    .select(sql<string | null>`encode(sha256(list), 'hex')`.as("sha256"))
    .orderBy("number")
    .execute();
  return rows.map((row) => ({ ...fromRow(row), ...(row.sha256 === null ? {} : { sha256: row.sha256 }) }));
}

/** The octets that are kept of a list; undefined when they are not. */
export async function keptOctets(tx: Tx, authorityId: string, number: number): Promise<Buffer | undefined> {
  const row = await tables(tx)
    .selectFrom("certificate_revocation_list")
    .select("list")
    .where("authority_id", "=", authorityId)
    .where("number", "=", number)
    .executeTakeFirst();
  return row?.list ?? undefined;
}

/** The current list of a CA: the one with the highest number. One statement, so that number and octets agree. */
export async function currentList(tx: Tx, authorityId: string): Promise<PublishedList | undefined> {
  const row = await records(tx, authorityId)
    .select("list")
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && row.list !== null ? { ...fromRow(row), list: row.list } : undefined;
}

/** Serialises the makers of one CA's list until the transaction ends, so that its numbers rise one by one. */
export async function lockListOf(tx: Tx, authorityId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`crl:${authorityId}`}, 0))`.execute(tx);
}
