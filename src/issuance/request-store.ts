import { type Generated, sql } from "kysely";
import type { CertificateKind } from "../authorities/authority.ts";
import { frame, unframe } from "../database/frames.ts";
import type { Tx } from "../database/transaction.ts";
import { type Channel, isWindowed } from "./channel.ts";
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

export async function selectChunk(tx: Tx, id: number): Promise<Chunk | undefined> {
  const row = await tables(tx)
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
    .where("request_chunk.id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
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
  };
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

/** Chunks that wait for a worker, in the order of their release. */
export async function selectOpenChunks(
  tx: Tx,
  { limit, single, isShut, without, aside }: OpenChunkQuery,
): Promise<{ id: number; kind: CertificateKind }[]> {
  let query = tables(tx)
    .selectFrom("request_chunk")
    .innerJoin("request_batch", "request_batch.id", "request_chunk.batch_id")
    .select(["request_chunk.id", "certificate_kind as kind"])
    .where("state", "in", ["received", "recorded"])
    .where("released_at", "is not", null)
    .orderBy("released_at")
    .orderBy("batch_id")
    .orderBy("request_chunk.id")
    .limit(limit);
  if (single || isShut) query = query.where("windowed", "=", false);
  if (single) query = query.where("request_chunk.request_count", "=", 1);
  if (without.length > 0)
    query = query.where((on) =>
      on.or([on("state", "=", "recorded"), on("certificate_kind", "not in", without)]),
    );
  if (aside.length > 0) query = query.where(sql<boolean>`request_chunk.id <> all (${aside}::bigint[])`);
  return query.execute();
}

/** A step of a chunk from one state to the next. */
export interface ChunkMove {
  readonly from: readonly ChunkState[];
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
 * Moves a chunk on; false when it does not stand where the caller saw it. A worker whose lock was lost with its
 * connection goes on for a moment beside the next one: what it knows is old, and must not be written.
 */
export async function moveChunk(tx: Tx, id: number, move: ChunkMove): Promise<boolean> {
  const inOrder = Array.from({ length: move.count }, (_, place) => move.outcomes.get(place) ?? null);
  const moved = await tables(tx)
    .updateTable("request_chunk")
    .set({
      state: move.to,
      outcomes: sql`${JSON.stringify(inOrder)}::jsonb`,
      // A chunk that is prepared again was checked before, and keeps the first time.
      ...(move.checkedAt === undefined ? {} : { checked_at: sql`coalesce(checked_at, ${move.checkedAt})` }),
      ...(move.finishedAt === undefined ? {} : { finished_at: move.finishedAt }),
    })
    .where("id", "=", id)
    .where("state", "in", move.from)
    .executeTakeFirst();
  return moved.numUpdatedRows === 1n;
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
