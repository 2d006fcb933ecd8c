import { sql } from "kysely";
import { serialNumberFromOctets } from "../certificates/index.ts";
import { int8Array } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import type { Authority, AuthorityProfile, AuthorityState } from "./authority.ts";

type AuthorityTables = {
  certification_authority: {
    id: string;
    profile: AuthorityProfile;
    issuer_id: string;
    serial_number: Buffer;
    certificate: Buffer;
    key_label: string;
    state: AuthorityState;
    reserved: number;
    released_at: Date | null;
    first_used_at: Date | null;
    retired_at: Date | null;
    ceremony_id: number;
  };
};

const tables = (tx: Tx) => tx.$extendTables<AuthorityTables>();

const fromRow = (row: AuthorityTables["certification_authority"]): Authority => ({
  id: row.id,
  profile: row.profile,
  issuerId: row.issuer_id,
  serialNumber: serialNumberFromOctets(row.serial_number),
  certificate: row.certificate,
  keyLabel: row.key_label,
  state: row.state,
  reserved: row.reserved,
  ...(row.released_at === null ? {} : { releasedAt: row.released_at }),
  ...(row.first_used_at === null ? {} : { firstUsedAt: row.first_used_at }),
});

/** All CAs, or those of one profile, in the order of their identifiers. */
export async function selectAuthorities(tx: Tx, profile?: AuthorityProfile): Promise<Authority[]> {
  let query = tables(tx)
    .selectFrom("certification_authority")
    .selectAll()
    .modifyFront(prepared)
    .orderBy("id");
  if (profile !== undefined) query = query.where("profile", "=", profile);
  return (await query.execute()).map(fromRow);
}

/**
 * The CAs of a profile that sign, or may take over; where none does, one of them all the same if there is any. There are
 * thousands that are retired, one for every 100,000 certificates, and this is asked for each chunk.
 */
export async function selectUsableAuthorities(tx: Tx, profile: AuthorityProfile): Promise<Authority[]> {
  const { rows } = await sql<AuthorityTables["certification_authority"]>`${prepared}
    select * from certification_authority where profile = ${profile} and (state in ('active', 'released')
      or id = (select min(id) from certification_authority where profile = ${profile}))
    order by id`.execute(tx);
  return rows.map(fromRow);
}

/** The CAs under which something stands recorded for chunks and is not published. */
export async function selectAuthoritiesOfOpenIntents(
  tx: Tx,
  chunkIds: readonly number[],
): Promise<Authority[]> {
  const { rows } = await sql<AuthorityTables["certification_authority"]>`${prepared}
    select * from certification_authority where id in (
      select authority_id from issuing_intent
      where published_at is null and chunk_id = any(${int8Array(chunkIds)}::bigint[]))
    order by id`.execute(tx);
  return rows.map(fromRow);
}

export async function insertAuthority(
  tx: Tx,
  authority: Omit<Authority, "reserved" | "releasedAt" | "firstUsedAt">,
  ceremonyId: number,
): Promise<void> {
  await tables(tx)
    .insertInto("certification_authority")
    .values({
      id: authority.id,
      profile: authority.profile,
      issuer_id: authority.issuerId,
      serial_number: Buffer.from(authority.serialNumber, "hex"),
      certificate: authority.certificate,
      key_label: authority.keyLabel,
      state: authority.state,
      reserved: 0,
      released_at: null,
      first_used_at: null,
      retired_at: null,
      ceremony_id: ceremonyId,
    })
    .execute();
}

/**
 * Counts certificates against a CA's cap, if it still stands as the plan saw it; false when it does not.
 * The row lock lasts to the end of the transaction that records the intent, which is short: nothing is
 * computed in it.
 */
export async function reserve(
  tx: Tx,
  authority: Authority,
  count: number,
  now: Date,
  maximumCertificates: number | undefined,
): Promise<boolean> {
  const reserved = await sql`${prepared}
    update certification_authority
    set reserved = reserved + ${count}::bigint, first_used_at = coalesce(first_used_at, ${now}::timestamptz)
    where id = ${authority.id} and state = 'active'
      and (${maximumCertificates ?? null}::bigint is null
        or reserved + ${count}::bigint <= ${maximumCertificates ?? null}::bigint)`.execute(tx);
  return reserved.numAffectedRows === 1n;
}

/** The identifiers of so many Issuing DCAs in stock, lowest first; those that another releases just now are passed over. */
export async function lockStock(tx: Tx, count: number): Promise<string[]> {
  const rows = await tables(tx)
    .selectFrom("certification_authority")
    .select("id")
    .where("profile", "=", "issuing-dca")
    .where("state", "=", "stock")
    .orderBy("id")
    .limit(count)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ id }) => id);
}

/** Moves a CA from one state to the next; false when it was not in that state any more. */
export async function moveState(
  tx: Tx,
  id: string,
  from: AuthorityState,
  to: AuthorityState,
  at: Date,
): Promise<boolean> {
  const moved = await tables(tx)
    .updateTable("certification_authority")
    .set({
      state: to,
      ...(to === "released" ? { released_at: at } : {}),
      ...(to === "retired" ? { retired_at: at } : {}),
    })
    .where("id", "=", id)
    .where("state", "=", from)
    .executeTakeFirst();
  return moved.numUpdatedRows === 1n;
}

/** Ends a CA for ever, whatever state it has come to; false when it is revoked already. */
export async function markRevoked(tx: Tx, id: string, at: Date): Promise<boolean> {
  const revoked = await tables(tx)
    .updateTable("certification_authority")
    .set({ state: "revoked", retired_at: at })
    .where("id", "=", id)
    .where("state", "<>", "revoked")
    .executeTakeFirst();
  return revoked.numUpdatedRows === 1n;
}
