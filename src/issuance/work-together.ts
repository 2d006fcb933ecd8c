import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { meaningOf } from "./chunk-fault.ts";
import { type Chunk, selectChunks } from "./request-store.ts";
import { type ChunkResult, checkAndRecord, publishRecorded, workChunk } from "./work-chunk.ts";

/**
 * Takes chunks of single CSRs through the same steps as `workChunk`, many at once: one recording transaction, one batch of
 * signatures, one publishing transaction. Each chunk keeps an intent and acts of its own, so that whoever comes after a
 * crash may work on any of them, alone or with others.
 *
 * Where the steps fail for all of them together, nothing was written, and each is worked on alone: the one that has a fault
 * is held, and holds up none of the others.
 *
 * @param chunkIds - of one kind; the caller holds their locks
 * @param onFault - told why a chunk is held, or which key is missing
 * @throws SmkiError for what is no fault of a chunk, as `workChunk`
 */
export async function workTogether(
  authority: IssuingAuthority,
  chunkIds: readonly number[],
  onFault?: (error: unknown) => void,
): Promise<ReadonlyMap<number, ChunkResult>> {
  const results = new Map<number, ChunkResult>();
  if (chunkIds.length > 1)
    for (const { id } of await finishTogether(authority, chunkIds)) results.set(id, "finished");
  for (const chunkId of chunkIds)
    if (!results.has(chunkId)) results.set(chunkId, await workChunk(authority, chunkId, onFault));
  return results;
}

/** @returns the chunks that are finished; the others are for `workChunk`, from wherever they stand */
async function finishTogether(
  authority: IssuingAuthority,
  chunkIds: readonly number[],
): Promise<readonly Chunk[]> {
  const { database } = authority;
  try {
    const found = await database.read((tx) => selectChunks(tx, chunkIds));
    const received = found.filter(({ state }) => state === "received");
    const recorded = [
      ...found.filter(({ state }) => state === "recorded"),
      ...(received.length > 0 ? ((await checkAndRecord(authority, received)) ?? []) : []),
    ];
    return await publishRecorded(authority, recorded);
  } catch (error) {
    // A key that is missing, a fault: one by one it is seen whose it is.
    if (isSmkiError(error, "KEY_NOT_FOUND") || meaningOf(error) === "fault") return [];
    throw error;
  }
}
