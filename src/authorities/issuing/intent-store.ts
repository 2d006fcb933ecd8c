import { type Generated, sql } from "kysely";
import { type SerialNumber, serialNumberFromOctets } from "../../certificates/index.ts";
import { byteaArray, int8Array } from "../../database/binary-arrays.ts";
import { frame, unframe } from "../../database/frames.ts";
import { prepared } from "../../database/prepared.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { AuthorityProfile } from "../authority.ts";

type IntentTables = {
  issuing_intent: {
    id: Generated<number>;
    chunk_id: number;
    authority_id: string;
    recorded_at: Date;
    recorded_from_leaf: number;
    to_be_signed: Buffer;
    positions: number[];
    published_at: Date | null;
  };
  certified_key: { key_hash: Buffer; serial_number: Buffer };
  certification_authority: { id: string; profile: AuthorityProfile };
};

const tables = (tx: Tx) => tx.$extendTables<IntentTables>();

/** A recorded intent: these octets, and no others, are signed for this chunk by this CA. */
export interface RecordedIntent {
  readonly id: number;
  readonly chunkId: number;
  readonly authorityId: string;
  readonly recordedAt: Date;
  /** The act that tells of it has this leaf or a later one. */
  readonly recordedFromLeaf: number;
  readonly positions: readonly number[];
  readonly toBeSigned: readonly Buffer[];
}

export async function insertIntents(tx: Tx, intents: readonly Omit<RecordedIntent, "id">[]): Promise<void> {
  if (intents.length === 0) return;
  // An array of arrays would have to be rectangular: the positions of each go in as text.
  await sql`${prepared}
    insert into issuing_intent (chunk_id, authority_id, recorded_at, recorded_from_leaf, to_be_signed, positions)
    select chunk_id, authority_id, recorded_at, recorded_from_leaf, to_be_signed, positions::integer[]
    from unnest(
      ${int8Array(intents.map(({ chunkId }) => chunkId))}::bigint[],
      ${intents.map(({ authorityId }) => authorityId)}::text[],
      ${intents.map(({ recordedAt }) => recordedAt)}::timestamptz[],
      ${int8Array(intents.map(({ recordedFromLeaf }) => recordedFromLeaf))}::bigint[],
      ${byteaArray(intents.map(({ toBeSigned }) => frame(toBeSigned)))}::bytea[],
      ${intents.map(({ positions }) => `{${positions.join(",")}}`)}::text[]
    ) as intent (chunk_id, authority_id, recorded_at, recorded_from_leaf, to_be_signed, positions)`.execute(
    tx,
  );
}

/** What stands recorded for chunks and is not published. */
export async function selectOpenIntents(tx: Tx, chunkIds: readonly number[]): Promise<RecordedIntent[]> {
  const rows = await tables(tx)
    .selectFrom("issuing_intent")
    .selectAll()
    .modifyFront(prepared)
    .where("published_at", "is", null)
    .where(sql<boolean>`chunk_id = any(${int8Array(chunkIds)}::bigint[])`)
    .orderBy("id")
    .execute();
  return rows.map(fromRow);
}

/** What narrows a look among open intents. */
export interface OpenIntentQuery {
  /** Of the CA that is to sign. */
  readonly profile?: AuthorityProfile;
  readonly authorityId?: string;
  /** Octets that are to be signed somewhere in it: an identifier, a serial number. */
  readonly holding: readonly Buffer[];
}

/**
 * The open intents that may have what is looked for, lowest first. PostgreSQL looks into their octets, and only those
 * with the octets that are asked for are read.
 */
export async function openIntentIds(tx: Tx, query: OpenIntentQuery): Promise<number[]> {
  let select = tables(tx)
    .selectFrom("issuing_intent as intent")
    .innerJoin("certification_authority as authority", "authority.id", "intent.authority_id")
    .select("intent.id")
    .where("intent.published_at", "is", null);
  if (query.profile !== undefined) select = select.where("authority.profile", "=", query.profile);
  if (query.authorityId !== undefined) select = select.where("authority.id", "=", query.authorityId);
  for (const octets of query.holding)
    select = select.where(sql<boolean>`position(${octets} in intent.to_be_signed) > 0`);
  // Sorted here: asked to sort by number, PostgreSQL may go through all that were ever published.
  return (await select.execute()).map(({ id }) => id).toSorted((left, right) => left - right);
}

/** One intent while it is open; undefined once it is published or withdrawn. */
export async function selectOpenIntent(tx: Tx, id: number): Promise<RecordedIntent | undefined> {
  const row = await tables(tx)
    .selectFrom("issuing_intent")
    .selectAll()
    .where("id", "=", id)
    .where("published_at", "is", null)
    .executeTakeFirst();
  return row && fromRow(row);
}

const fromRow = (row: Omit<IntentTables["issuing_intent"], "id"> & { id: number }): RecordedIntent => ({
  id: row.id,
  chunkId: row.chunk_id,
  authorityId: row.authority_id,
  recordedAt: row.recorded_at,
  recordedFromLeaf: row.recorded_from_leaf,
  positions: row.positions,
  toBeSigned: unframe(row.to_be_signed),
});

/**
 * Removes what stands recorded for a CA and is not published. An intent that is being published at this moment
 * is waited for, and then stays.
 */
export async function deleteOpenIntentsOf(tx: Tx, authorityId: string): Promise<RecordedIntent[]> {
  const deleted = await tables(tx)
    .deleteFrom("issuing_intent")
    .where("authority_id", "=", authorityId)
    .where("published_at", "is", null)
    .returningAll()
    .execute();
  return deleted.map(fromRow);
}

/** Frees keys whose certificates will never be made. */
export async function releaseKeys(tx: Tx, keyHashes: readonly Buffer[]): Promise<void> {
  await sql`delete from certified_key where key_hash = any(${byteaArray(keyHashes)}::bytea[])`.execute(tx);
}

/** Closes intents. @returns the numbers of those that were open */
export async function closeIntents(tx: Tx, ids: readonly number[], at: Date): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { rows } = await sql<{ id: number }>`${prepared}
    update issuing_intent set published_at = ${at}::timestamptz
    where id = any(${int8Array(ids)}::bigint[]) and published_at is null returning id`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

interface KeyClaim {
  readonly keyHash: Buffer;
  readonly serialNumber: SerialNumber;
}

/**
 * Claims public keys for the certificates to come. A key that is claimed already stays with its certificate.
 *
 * @param claims - each for a key of its own
 * @returns for each key that was taken before, by its hash in hexadecimal, the serial number that has it
 * @throws SmkiError ISSUING_PLAN_STALE when another gave a claim back meanwhile
 */
export async function claimKeys(tx: Tx, claims: readonly KeyClaim[]): Promise<Map<string, SerialNumber>> {
  // In the order of the hashes, so that two chunks with the same keys wait for each other and never deadlock.
  const inOrder = claims.toSorted((left, right) => Buffer.compare(left.keyHash, right.keyHash));
  const hashes = byteaArray(inOrder.map(({ keyHash }) => keyHash));
  const serials = byteaArray(inOrder.map(({ serialNumber }) => Buffer.from(serialNumber, "hex")));
  const inserted = await sql`${prepared}
    insert into certified_key (key_hash, serial_number)
    select * from unnest(${hashes}::bytea[], ${serials}::bytea[])
    on conflict do nothing`.execute(tx);
  if (inserted.numAffectedRows === BigInt(claims.length)) return new Map();
  const taken = await sql<{ key_hash: Buffer; serial_number: Buffer }>`
    select key.key_hash, key.serial_number
    from certified_key key
    join unnest(${hashes}::bytea[], ${serials}::bytea[]) as claim (key_hash, serial_number) using (key_hash)
    where key.serial_number <> claim.serial_number`.execute(tx);
  // A claim that was given back between the two statements is neither taken nor ours: plan again.
  if (Number(inserted.numAffectedRows ?? 0) + taken.rows.length !== claims.length)
    throw new SmkiError("ISSUING_PLAN_STALE", { claims: claims.length, taken: taken.rows.length });
  return new Map(
    taken.rows.map((row) => [row.key_hash.toString("hex"), serialNumberFromOctets(row.serial_number)]),
  );
}
