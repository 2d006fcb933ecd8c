import { sql } from "kysely";
import { unframe } from "../database/frames.ts";
import type { Tx } from "../database/transaction.ts";
import type { UploadChannel } from "./channel.ts";
import type { BatchStage } from "./request-store.ts";

/** Says that an upload lives; false when it was removed. */
export async function touchUpload(tx: Tx, id: number, at: Date): Promise<boolean> {
  const touched = await sql`
    update request_batch set touched_at = ${at} where id = ${id} and stage = 'uploading'`.execute(tx);
  return touched.numAffectedRows === 1n;
}

/** What is known of an upload at its end. */
export interface UploadEnd {
  readonly stage: "pending" | "approved";
  readonly requestCount: number;
  readonly receivedAt: Date;
  readonly acceptedAt: Date;
  readonly fromLeaf: number;
}

/** Makes an upload a batch; false when it was removed, or is one already. */
export async function endUpload(tx: Tx, id: number, end: UploadEnd): Promise<boolean> {
  const isApproved = end.stage === "approved";
  const ended = await sql`
    update request_batch set stage = ${end.stage}, request_count = ${end.requestCount}, touched_at = null,
      received_at = ${end.receivedAt}, accepted_at = ${end.acceptedAt}, received_from_leaf = ${end.fromLeaf},
      decided_at = ${isApproved ? end.acceptedAt : null}, decided_by = ${isApproved ? "system" : null}
    where id = ${id} and stage = 'uploading'`.execute(tx);
  return ended.numAffectedRows === 1n;
}

/** Removes an upload that is not whole; nothing when it is a batch already. */
export async function deleteUpload(tx: Tx, id: number): Promise<void> {
  const { rows } = await sql`
    select from request_batch where id = ${id} and stage = 'uploading' for update`.execute(tx);
  if (rows.length === 0) return;
  await sql`delete from request_chunk where batch_id = ${id}`.execute(tx);
  await sql`delete from request_batch where id = ${id}`.execute(tx);
}

/** Uploads without a sign of life since a moment, oldest first. One that somebody has in hand just now is left out. */
export async function selectStaleUploads(tx: Tx, since: Date): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from request_batch where stage = 'uploading' and touched_at < ${since}
    order by id for update skip locked`.execute(tx);
  return rows.map(({ id }) => id);
}

/** A decision on a batch, by a person or by what was found. */
export interface Decision {
  readonly from: "pending" | "approved";
  readonly to: "approved" | "rejected" | "tampered";
  readonly by: string;
  readonly reason?: string;
  readonly at: Date;
}

/** Moves a batch on by a decision; false when it does not stand there any more. */
export async function decideBatch(
  tx: Tx,
  id: number,
  { from, to, by, reason, at }: Decision,
): Promise<boolean> {
  const decided = await sql`
    update request_batch set stage = ${to}, decided_at = ${at}, decided_by = ${by}, decision_reason = ${reason ?? null}
    where id = ${id} and stage = ${from}`.execute(tx);
  return decided.numAffectedRows === 1n;
}

/** Gives the chunks of an approved batch their turn; false when it is not approved any more. */
export async function releaseBatch(tx: Tx, id: number, at: Date): Promise<boolean> {
  const released = await sql`
    update request_batch set stage = 'released' where id = ${id} and stage = 'approved'`.execute(tx);
  if (released.numAffectedRows !== 1n) return false;
  await sql`update request_chunk set released_at = ${at} where batch_id = ${id}`.execute(tx);
  return true;
}

/** A batch to be decided on or checked. */
export interface UploadedBatch {
  readonly id: number;
  readonly stage: BatchStage;
  readonly channel: UploadChannel;
  readonly kind: "device";
  readonly partyId: number;
  readonly requestedBy: string;
  readonly requestCount: number;
  readonly fromLeaf: number;
}

export async function selectUploaded(tx: Tx, id: number): Promise<UploadedBatch | undefined> {
  const { rows } = await sql<UploadedBatch>`
    select id, stage, channel, certificate_kind as kind, party_id as "partyId", requested_by as "requestedBy",
      request_count as "requestCount", received_from_leaf as "fromLeaf"
    from request_batch
    where id = ${id} and stage <> 'uploading' and channel in ('batched', 'portal-batch')`.execute(tx);
  return rows[0];
}

/** Approved batches that are not checked yet, in the order of their approval. */
export async function selectApproved(tx: Tx): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from request_batch where stage = 'approved' order by decided_at, id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** The chunks of a batch, in the order of its CSRs. */
export async function selectChunkIds(tx: Tx, batchId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from request_chunk where batch_id = ${batchId} order by first_position, id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** What was stored of a part of an upload. */
export interface StoredPart {
  readonly clientIds: readonly Buffer[];
  readonly requests: readonly Buffer[];
}

/** @throws SmkiError DATABASE_ROW_DAMAGED when the octets are no frames */
export async function selectPart(tx: Tx, chunkId: number): Promise<StoredPart | undefined> {
  const { rows } = await sql<{ clientIds: Buffer | null; requests: Buffer }>`
    select client_ids as "clientIds", requests from request_chunk where id = ${chunkId}`.execute(tx);
  const [row] = rows;
  return row && { clientIds: unframe(row.clientIds ?? Buffer.alloc(0)), requests: unframe(row.requests) };
}

/** How many batches stand in each of the stages that somebody may have to see to. */
export async function countUnreleased(
  tx: Tx,
  tamperedSince: Date,
): Promise<{ uploading: number; pending: number; approved: number; tampered: number }> {
  const { rows } = await sql<{ uploading: number; pending: number; approved: number; tampered: number }>`
    select count(*) filter (where stage = 'uploading') as uploading,
      count(*) filter (where stage = 'pending') as pending,
      count(*) filter (where stage = 'approved') as approved,
      count(*) filter (where stage = 'tampered' and decided_at >= ${tamperedSince}) as tampered
    from request_batch where stage in ('uploading', 'pending', 'approved', 'tampered')`.execute(tx);
  return rows[0] ?? { uploading: 0, pending: 0, approved: 0, tampered: 0 };
}
