import { type Generated, sql } from "kysely";
import type { CertificateKind } from "../authorities/authority.ts";
import { byteaArray, int8Array } from "../database/binary-arrays.ts";
import { frame, unframe } from "../database/frames.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import { type Channel, isWindowed, type UploadChannel } from "./channel.ts";
import type { CredentialHolderRequest } from "./check-request.ts";
import type { Outcome } from "./outcome.ts";

/** Where a chunk stands. `held`: something is wrong with the issuing itself, and a person must look. */
export type ChunkState = "received" | "recorded" | "finished" | "held";

/**
 * Where a batch as a whole stands. `uploading`: parts arrive, and nobody sees it; `pending`: it awaits approval;
 * `approved`: what was uploaded is to be checked; `released`: its chunks say how far it has come.
 */
export type BatchStage = "uploading" | "pending" | "rejected" | "approved" | "tampered" | "released";

type RequestTables = {
  request_batch: {
    id: Generated<number>;
    certificate_kind: CertificateKind;
    reference: string;
    party_id: number | null;
    requested_by: string;
    holder: CredentialHolderRequest | null;
    received_at: Date;
    request_count: number;
    channel: Channel;
    stage: BatchStage;
    accepted_at: Date | null;
    touched_at: Date | null;
  };
  request_chunk: {
    id: Generated<number>;
    batch_id: number;
    first_position: number;
    request_count: number;
    requests: Buffer;
    state: Generated<ChunkState>;
    outcomes: (Outcome | null)[] | null;
    finished_at: Date | null;
    client_ids: Buffer | null;
    windowed: boolean;
    released_at: Date | null;
    checked_at: Date | null;
  };
};

const tables = (tx: Tx) => tx.$extendTables<RequestTables>();

export interface NewBatch {
  readonly channel: Channel;
  readonly stage: "uploading" | "released";
  readonly kind: CertificateKind;
  readonly reference: string;
  readonly partyId: number | undefined;
  readonly requestedBy: string;
  readonly holder: CredentialHolderRequest | undefined;
  readonly receivedAt: Date;
  /** Of a batch that is accepted with its receipt. */
  readonly acceptedAt?: Date;
  /** 0 while it is uploading. */
  readonly requestCount: number;
}

/** Inserts the row of a batch; its chunks follow. @returns the batch's number */
export async function insertBatch(tx: Tx, batch: NewBatch): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("request_batch")
    .values({
      channel: batch.channel,
      stage: batch.stage,
      certificate_kind: batch.kind,
      reference: batch.reference,
      party_id: batch.partyId ?? null,
      requested_by: batch.requestedBy,
      holder: batch.holder === undefined ? null : sql`${JSON.stringify(batch.holder)}::jsonb`,
      received_at: batch.receivedAt,
      accepted_at: batch.acceptedAt ?? null,
      touched_at: batch.stage === "uploading" ? batch.receivedAt : null,
      request_count: batch.requestCount,
    } as never)
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** A batch of one CSR, which waits for a worker from its receipt on. */
export interface NewSingle {
  readonly channel: Exclude<Channel, UploadChannel>;
  readonly kind: CertificateKind;
  readonly reference: string;
  readonly partyId: number;
  readonly requestedBy: string;
  readonly receivedAt: Date;
  readonly request: Uint8Array;
}

/** Inserts batches of one with their chunks, in one statement. @returns the batches' numbers, in order */
export async function insertSingles(tx: Tx, singles: readonly NewSingle[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`${prepared}
    with asked as materialized (
      select nextval(pg_get_serial_sequence('request_batch', 'id')) as id, asked.*
      from unnest(
        ${singles.map(({ channel }) => channel)}::text[],
        ${singles.map(({ kind }) => kind)}::text[],
        ${singles.map(({ reference }) => reference)}::text[],
        ${int8Array(singles.map(({ partyId }) => partyId))}::bigint[],
        ${singles.map(({ requestedBy }) => requestedBy)}::text[],
        ${singles.map(({ receivedAt }) => receivedAt)}::timestamptz[],
        ${byteaArray(singles.map(({ request }) => frame([request])))}::bytea[]
      ) with ordinality as asked (channel, kind, reference, party_id, requested_by, received_at, requests, place)
    ), batches as (
      insert into request_batch (id, channel, stage, certificate_kind, reference, party_id, requested_by, received_at,
        request_count)
      overriding system value
      select id, channel, 'released', kind, reference, party_id, requested_by, received_at, 1 from asked
    ), chunks as (
      insert into request_chunk (batch_id, first_position, request_count, requests, windowed, released_at)
      select id, 0, 1, requests, false, received_at from asked
    )
    select id from asked order by place`.execute(tx);
  return rows.map(({ id }) => id);
}

/** CSRs that become one chunk. */
export interface NewChunk {
  readonly batchId: number;
  readonly channel: Channel;
  readonly firstPosition: number;
  readonly requests: readonly Uint8Array[];
  /** The client's IDs, in the same order. */
  readonly clientIds?: readonly string[];
  /** Absent: nobody works on it yet. */
  readonly releasedAt?: Date;
}

export async function insertChunk(tx: Tx, chunk: NewChunk): Promise<void> {
  await tables(tx)
    .insertInto("request_chunk")
    .values({
      batch_id: chunk.batchId,
      first_position: chunk.firstPosition,
      request_count: chunk.requests.length,
      requests: frame(chunk.requests),
      client_ids: chunk.clientIds === undefined ? null : frame(chunk.clientIds.map((id) => Buffer.from(id))),
      windowed: isWindowed(chunk.channel),
      released_at: chunk.releasedAt ?? null,
      outcomes: null,
      finished_at: null,
      checked_at: null,
    })
    .execute();
}

/** A chunk with what its batch says. */
export interface Chunk {
  readonly id: number;
  readonly batchId: number;
  readonly channel: Channel;
  readonly kind: CertificateKind;
  readonly partyId: number | undefined;
  readonly requestedBy: string;
  readonly holder: CredentialHolderRequest | undefined;
  readonly state: ChunkState;
  readonly requests: readonly Buffer[];
  /** By position in the chunk; a place not yet decided is absent. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
}

/** Chunks, in the order of their numbers; one that is not there is absent. */
export async function selectChunks(tx: Tx, ids: readonly number[]): Promise<Chunk[]> {
  const rows = await tables(tx)
    .selectFrom("request_chunk")
    .innerJoin("request_batch", "request_batch.id", "request_chunk.batch_id")
    .select([
      "request_chunk.id",
      "batch_id",
      "channel",
      "certificate_kind",
      "party_id",
      "requested_by",
      "holder",
      "state",
      "requests",
      "outcomes",
    ])
    .modifyFront(prepared)
    .where(sql<boolean>`request_chunk.id = any(${int8Array(ids)}::bigint[])`)
    .orderBy("request_chunk.id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    batchId: row.batch_id,
    channel: row.channel,
    kind: row.certificate_kind,
    partyId: row.party_id ?? undefined,
    requestedBy: row.requested_by,
    holder: row.holder ?? undefined,
    state: row.state,
    requests: unframe(row.requests),
    outcomes: new Map(
      (row.outcomes ?? []).flatMap((outcome, place) => (outcome === null ? [] : [[place, outcome]])),
    ),
  }));
}

/** Which of the open chunks to look at. */
export interface OpenChunkQuery {
  readonly limit: number;
  /** Chunks of one CSR only: someone waits for the answer. Not those of Batched CSRs, which have their turn. */
  readonly single: boolean;
  /** Whether the processing window is shut: Batched CSRs wait for it. */
  readonly isShut: boolean;
  /** Kinds whose requests wait for a CA. What stands recorded has its CA, and is given all the same. */
  readonly without: readonly CertificateKind[];
  /** Chunks that are passed over. */
  readonly aside: readonly number[];
}

/** A chunk that waits for a worker. */
export interface OpenChunk {
  readonly id: number;
  readonly kind: CertificateKind;
  /** Of one CSR, whose sender waits. */
  readonly isSingle: boolean;
  readonly releasedAt: Date;
}

/** Chunks that wait for a worker, in the order of their release. */
export async function selectOpenChunks(
  tx: Tx,
  { limit, single, isShut, without, aside }: OpenChunkQuery,
): Promise<OpenChunk[]> {
  let query = tables(tx)
    .selectFrom("request_chunk")
    .innerJoin("request_batch", "request_batch.id", "request_chunk.batch_id")
    .select([
      "request_chunk.id",
      "certificate_kind as kind",
      sql<boolean>`not windowed and request_chunk.request_count = 1`.as("isSingle"),
      sql<Date>`released_at`.as("releasedAt"),
    ])
    // As the condition of its index says it: with parameters in it a prepared statement could not use that.
    .where(sql<boolean>`state in ('received', 'recorded')`)
    .where("released_at", "is not", null)
    .orderBy("released_at")
    .orderBy("batch_id")
    .orderBy("request_chunk.id")
    .limit(sql.lit(limit));
  if (single || isShut) query = query.where(sql<boolean>`windowed = false`);
  if (single) query = query.where(sql<boolean>`request_chunk.request_count = 1`);
  if (without.length === 0 && aside.length === 0) query = query.modifyFront(prepared);
  if (without.length > 0)
    query = query.where((on) =>
      on.or([on("state", "=", "recorded"), on("certificate_kind", "not in", without)]),
    );
  if (aside.length > 0) query = query.where(sql<boolean>`request_chunk.id <> all (${aside}::bigint[])`);
  return query.execute();
}

/** A step of a chunk from one state to the next. */
export interface ChunkMove {
  readonly id: number;
  readonly from: ChunkState;
  readonly to: ChunkState;
  /** CSRs in the chunk. */
  readonly count: number;
  /** All that is known, by position in the chunk. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** When the checks of its CSRs were over. */
  readonly checkedAt?: Date;
  readonly finishedAt?: Date;
}

/**
 * Moves chunks on. One that does not stand where the caller saw it stays: a worker whose lock was lost with its connection
 * goes on for a moment beside the next one, and what it knows is old and must not be written.
 *
 * @returns the numbers of those that were moved
 */
export async function moveChunks(tx: Tx, moves: readonly ChunkMove[]): Promise<ReadonlySet<number>> {
  const inOrder = ({ count, outcomes }: ChunkMove) =>
    JSON.stringify(Array.from({ length: count }, (_, place) => outcomes.get(place) ?? null));
  const { rows } = await sql<{ id: number }>`${prepared}
    update request_chunk as chunk
    set state = move.to_state, outcomes = move.outcomes,
      -- A chunk that is prepared again was checked before, and keeps the first time.
      checked_at = coalesce(chunk.checked_at, move.checked_at),
      finished_at = coalesce(move.finished_at, chunk.finished_at)
    from unnest(
      ${int8Array(moves.map(({ id }) => id))}::bigint[],
      ${moves.map(({ from }) => from)}::text[],
      ${moves.map(({ to }) => to)}::text[],
      ${moves.map(inOrder)}::jsonb[],
      ${moves.map(({ checkedAt }) => checkedAt ?? null)}::timestamptz[],
      ${moves.map(({ finishedAt }) => finishedAt ?? null)}::timestamptz[]
    ) as move (id, from_state, to_state, outcomes, checked_at, finished_at)
    where chunk.id = move.id and chunk.state = move.from_state
    returning chunk.id`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

/** Holds a chunk that is open, as it stands. @returns its batch; undefined when it is not open */
export async function closeChunk(tx: Tx, id: number): Promise<number | undefined> {
  const row = await tables(tx)
    .updateTable("request_chunk")
    .set({ state: "held" })
    .where("id", "=", id)
    .where("state", "in", ["received", "recorded"])
    .returning("batch_id")
    .executeTakeFirst();
  return row?.batch_id;
}

/** Opens a held chunk again, as it stands; false when it is not held. */
export async function reopenChunk(tx: Tx, id: number): Promise<boolean> {
  const opened = await tables(tx)
    .updateTable("request_chunk")
    .set({ state: "recorded" })
    .where("id", "=", id)
    .where("state", "=", "held")
    .executeTakeFirst();
  return opened.numUpdatedRows === 1n;
}

/** Opens every held chunk again, as it stands. @returns their numbers, in order */
export async function reopenHeldChunks(tx: Tx): Promise<number[]> {
  const opened = await tables(tx)
    .updateTable("request_chunk")
    .set({ state: "recorded" })
    .where("state", "=", "held")
    .returning("id")
    .execute();
  return opened.map(({ id }) => id).toSorted((left, right) => left - right);
}

/** The numbers of the held chunks, oldest first, each with its batch. */
export async function selectHeldChunks(tx: Tx): Promise<{ id: number; batchId: number }[]> {
  return tables(tx)
    .selectFrom("request_chunk")
    .select(["id", "batch_id as batchId"])
    .where("state", "=", "held")
    .orderBy("id")
    .execute();
}

/** How far a batch has come. */
export interface BatchProgress {
  readonly id: number;
  readonly channel: Channel;
  readonly stage: Exclude<BatchStage, "uploading">;
  readonly kind: CertificateKind;
  readonly reference: string;
  readonly partyId: number | undefined;
  /** The name of the principal that sent it. */
  readonly requestedBy: string;
  readonly receivedAt: Date;
  readonly requestCount: number;
  readonly openChunks: number;
  readonly heldChunks: number;
  /** Chunks that a worker has begun. */
  readonly begunChunks: number;
  /** When the last chunk was finished, so far. */
  readonly lastFinishedAt: Date | undefined;
}

/** A batch by its number, unless it is still being uploaded. */
export async function selectBatch(tx: Tx, id: number): Promise<BatchProgress | undefined> {
  const [batch] = await progressOf(tx, sql`batch.id = ${id}`);
  return batch;
}

/** Batches that wait for a person, for their check or for their turn, the oldest first. */
export function selectWaitingBatches(tx: Tx): Promise<BatchProgress[]> {
  return progressOf(
    tx,
    sql`batch.stage in ('pending', 'approved', 'tampered') or batch.id in (
      select batch_id from request_chunk
      where windowed and state in ('received', 'recorded') and released_at is not null)`,
  );
}

async function progressOf(tx: Tx, condition: ReturnType<typeof sql>): Promise<BatchProgress[]> {
  type Row = Omit<BatchProgress, "partyId" | "lastFinishedAt"> & {
    readonly partyId: number | null;
    readonly lastFinishedAt: Date | null;
  };
  const { rows } = await sql<Row>`
    select batch.id, batch.channel, batch.stage, batch.certificate_kind as kind, batch.reference,
      batch.party_id as "partyId", batch.requested_by as "requestedBy", batch.received_at as "receivedAt",
      batch.request_count as "requestCount", chunk.*
    from request_batch batch
    cross join lateral (
      select count(*) filter (where state in ('received', 'recorded')) as "openChunks",
        count(*) filter (where state = 'held') as "heldChunks",
        count(*) filter (where state <> 'received' or checked_at is not null) as "begunChunks",
        max(finished_at) as "lastFinishedAt"
      from request_chunk where batch_id = batch.id
    ) chunk
    where batch.stage <> 'uploading' and (${condition})
    order by batch.id`.execute(tx);
  return rows.map((row) => ({
    ...row,
    partyId: row.partyId ?? undefined,
    lastFinishedAt: row.lastFinishedAt ?? undefined,
  }));
}

/** The outcomes of a batch in the order of its CSRs; null where one is not decided yet. */
export async function selectOutcomes(tx: Tx, batchId: number): Promise<(Outcome | null)[]> {
  const rows = await tables(tx)
    .selectFrom("request_chunk")
    .select(["outcomes", "request_count"])
    .where("batch_id", "=", batchId)
    .orderBy("first_position")
    .execute();
  return rows.flatMap((row) => row.outcomes ?? Array.from({ length: row.request_count }, () => null));
}

/** Where a batch of one CSR stands. */
export interface SingleStanding {
  readonly partyId: number | undefined;
  /** It is decided, or a person must look at it. */
  readonly hasEnded: boolean;
  /** Once it is decided. */
  readonly outcome?: Outcome;
}

/** Where batches of one stand, by their numbers; one that is not there is absent. */
export async function selectSingles(
  tx: Tx,
  batchIds: readonly number[],
): Promise<ReadonlyMap<number, SingleStanding>> {
  const rows = await tables(tx)
    .selectFrom("request_chunk")
    .innerJoin("request_batch", "request_batch.id", "request_chunk.batch_id")
    .select(["batch_id", "party_id", "state", "outcomes"])
    .modifyFront(prepared)
    .where(sql<boolean>`batch_id = any(${int8Array(batchIds)}::bigint[])`)
    .execute();
  return new Map(
    rows.map(({ batch_id, party_id, state, outcomes }) => {
      const [outcome] = state === "finished" ? (outcomes ?? []) : [];
      const hasEnded = state === "finished" || state === "held";
      return [batch_id, { partyId: party_id ?? undefined, hasEnded, ...(outcome ? { outcome } : {}) }];
    }),
  );
}

/** What became of the CSRs of a chunk that is finished, in order, with the client's IDs where there are any. */
export async function selectAnswers(
  tx: Tx,
  chunkId: number,
): Promise<{ firstPosition: number; clientIds: string[] | undefined; outcomes: Outcome[] }> {
  const row = await tables(tx)
    .selectFrom("request_chunk")
    .select(["first_position", "client_ids", "outcomes"])
    .where("id", "=", chunkId)
    .where("state", "=", "finished")
    .executeTakeFirst();
  return {
    firstPosition: row?.first_position ?? 0,
    clientIds: row?.client_ids ? unframe(row.client_ids).map((id) => id.toString()) : undefined,
    outcomes: (row?.outcomes ?? []).filter((outcome) => outcome !== null),
  };
}

/** Chunks that wait for a worker or for their window, and chunks that a person must look at. */
export async function countWaiting(tx: Tx): Promise<{ open: number; held: number }> {
  const { rows } = await sql<{ open: number; held: number }>`
    select (select count(*) from request_chunk
            where state in ('received', 'recorded') and released_at is not null) as open,
           (select count(*) from request_chunk where state = 'held') as held`.execute(tx);
  return rows[0] ?? { open: 0, held: 0 };
}

/** Batches of a Party that came in on a channel since. */
export async function countReceived(tx: Tx, partyId: number, channel: Channel, since: Date): Promise<number> {
  const { count } = await tables(tx)
    .selectFrom("request_batch")
    .select((select) => select.fn.countAll<number>().as("count"))
    .where("party_id", "=", partyId)
    .where("channel", "=", channel)
    .where("received_at", ">", since)
    .executeTakeFirstOrThrow();
  return count;
}

/** CSRs of Parties that came in on some channels since, and whole; of one Party, or of all. */
export async function sumReceived(
  tx: Tx,
  channels: readonly Channel[],
  since: Date,
  partyId?: number,
): Promise<{ partyId: number; channel: Channel; requests: number }[]> {
  const { rows } = await sql<{ partyId: number; channel: Channel; requests: number }>`
    select party_id as "partyId", channel, sum(request_count)::int as requests from request_batch
    where channel = any (${channels}) and received_at > ${since} and stage <> 'uploading' and party_id is not null
      and (${partyId ?? null}::bigint is null or party_id = ${partyId ?? null})
    group by party_id, channel order by party_id, channel`.execute(tx);
  return rows;
}
