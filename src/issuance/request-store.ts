import { type Generated, sql } from "kysely";
import type { CertificateKind } from "../authorities/authority.ts";
import { frame, unframe } from "../database/frames.ts";
import type { Tx } from "../database/transaction.ts";
import type { CredentialHolderRequest } from "./check-request.ts";
import type { Outcome } from "./outcome.ts";

/** Where a chunk stands. `held`: something is wrong with the issuing itself, and a person must look. */
export type ChunkState = "received" | "recorded" | "finished" | "held";

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
  };
};

const tables = (tx: Tx) => tx.$extendTables<RequestTables>();

export interface NewBatch {
  readonly kind: CertificateKind;
  readonly reference: string;
  readonly partyId: number | undefined;
  readonly requestedBy: string;
  readonly holder: CredentialHolderRequest | undefined;
  readonly receivedAt: Date;
}

/** Inserts a batch with its CSRs in chunks of `chunkSize`. @returns the batch's number */
export async function insertBatch(
  tx: Tx,
  batch: NewBatch,
  requests: readonly Uint8Array[],
  chunkSize: number,
): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("request_batch")
    .values({
      certificate_kind: batch.kind,
      reference: batch.reference,
      party_id: batch.partyId ?? null,
      requested_by: batch.requestedBy,
      holder: batch.holder === undefined ? null : sql`${JSON.stringify(batch.holder)}::jsonb`,
      received_at: batch.receivedAt,
      request_count: requests.length,
    } as never)
    .returning("id")
    .executeTakeFirstOrThrow();
  for (let first = 0; first < requests.length; first += chunkSize) {
    const part = requests.slice(first, first + chunkSize);
    await tables(tx)
      .insertInto("request_chunk")
      .values({
        batch_id: id,
        first_position: first,
        request_count: part.length,
        requests: frame(part),
        outcomes: null,
        finished_at: null,
      })
      .execute();
  }
  return id;
}

/** A chunk with what its batch says. */
export interface Chunk {
  readonly id: number;
  readonly batchId: number;
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
  /** Chunks of one CSR only: someone waits for the answer. */
  readonly single: boolean;
  /** Kinds whose requests wait for a CA. What stands recorded has its CA, and is given all the same. */
  readonly without: readonly CertificateKind[];
  /** Chunks that are passed over. */
  readonly aside: readonly number[];
}

/** Chunks that wait for a worker, oldest first. */
export async function selectOpenChunks(
  tx: Tx,
  { limit, single, without, aside }: OpenChunkQuery,
): Promise<{ id: number; kind: CertificateKind }[]> {
  let query = tables(tx)
    .selectFrom("request_chunk")
    .innerJoin("request_batch", "request_batch.id", "request_chunk.batch_id")
    .select(["request_chunk.id", "certificate_kind as kind"])
    .where("state", "in", ["received", "recorded"])
    .orderBy("request_chunk.id")
    .limit(limit);
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
  readonly kind: CertificateKind;
  readonly reference: string;
  readonly partyId: number | undefined;
  readonly receivedAt: Date;
  readonly requestCount: number;
  readonly openChunks: number;
  readonly heldChunks: number;
}

export async function selectBatch(tx: Tx, id: number): Promise<BatchProgress | undefined> {
  const row = await tables(tx)
    .selectFrom("request_batch")
    .innerJoin("request_chunk", "request_chunk.batch_id", "request_batch.id")
    .select((select) => [
      "request_batch.id",
      "certificate_kind",
      "reference",
      "party_id",
      "received_at",
      "request_batch.request_count",
      select.fn.countAll<number>().filterWhere("state", "in", ["received", "recorded"]).as("open_chunks"),
      select.fn.countAll<number>().filterWhere("state", "=", "held").as("held_chunks"),
    ])
    .where("request_batch.id", "=", id)
    .groupBy("request_batch.id")
    .executeTakeFirst();
  return (
    row && {
      id: row.id,
      kind: row.certificate_kind,
      reference: row.reference,
      partyId: row.party_id ?? undefined,
      receivedAt: row.received_at,
      requestCount: row.request_count,
      openChunks: row.open_chunks,
      heldChunks: row.held_chunks,
    }
  );
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

/** Chunks that a person must look at. */
export async function countWaiting(tx: Tx): Promise<{ open: number; held: number }> {
  const row = await tables(tx)
    .selectFrom("request_chunk")
    .select((select) => [
      select.fn.countAll<number>().filterWhere("state", "in", ["received", "recorded"]).as("open"),
      select.fn.countAll<number>().filterWhere("state", "=", "held").as("held"),
    ])
    .where("state", "<>", "finished")
    .executeTakeFirstOrThrow();
  return { open: row.open, held: row.held };
}
