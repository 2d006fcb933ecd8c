import type { ComparedCertificate } from "../authorities/issuing/compare.ts";
import type { PositionedSubject } from "../authorities/issuing/intend.ts";
import {
  type IssuingAuthority,
  intendAndRecord,
  keyTakenError,
  signAndPublish,
} from "../authorities/issuing/issue.ts";
import { notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { closeClaims } from "../devices/certificate-claims.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import type { Party } from "../registration/party.ts";
import { grantCredential, partyById } from "../registration/registration.ts";
import { checkDevices } from "./check-devices.ts";
import { checkRequest, refusalOf } from "./check-request.ts";
import { meaningOf } from "./chunk-fault.ts";
import { holdChunk } from "./held-chunks.ts";
import { type Outcome, refused } from "./outcome.ts";
import { outcomesChannel } from "./receive.ts";
import { type Chunk, moveChunk, selectChunk } from "./request-store.ts";

/**
 * What a worker made of a chunk. `waiting`: no released Issuing DCA has room for it, or the key of the CA is missing;
 * `without-key`: it stands recorded under a CA whose key is missing, and is signed as soon as that is back.
 */
export type ChunkResult = "finished" | "waiting" | "without-key" | "held";

/**
 * Takes one chunk from its CSRs to its certificates, from wherever it stands: the same path after a crash.
 * The caller holds the chunk's lock; should two work on one chunk all the same, one's steps are undone.
 *
 * @param onFault - told why a chunk is held, or which key is missing
 * @throws SmkiError for what is no fault of the chunk (the database or the key store is away): it stays open
 */
export async function workChunk(
  authority: IssuingAuthority,
  chunkId: number,
  onFault?: (error: unknown) => void,
): Promise<ChunkResult> {
  for (;;) {
    let state: Chunk["state"] | undefined;
    try {
      const chunk = await authority.database.read((tx) => selectChunk(tx, chunkId));
      state = chunk?.state;
      switch (chunk?.state) {
        case "received":
          if (!(await checkAndRecord(authority, chunk))) return "waiting";
          break;
        case "recorded":
          if (await publishRecorded(authority, chunk)) return "finished";
          break;
        case "held":
          return "held";
        case "finished":
        case undefined:
          return "finished";
      }
    } catch (error) {
      if (isSmkiError(error, "KEY_NOT_FOUND")) {
        // One key, not the store: other CAs go on. Nothing was written; the chunk stands where it stood.
        onFault?.(error);
        return state === "received" ? "waiting" : "without-key";
      }
      // Nothing was written, and what was seen is old: the chunk is checked again from the beginning.
      if (isSmkiError(error, "DEVICE_CLAIMS_CHANGED")) continue;
      if (meaningOf(error) === "outage") throw error;
      onFault?.(error);
      // Nothing was published. The chunk waits for a person; its intents stay as evidence.
      await authority.database.transaction((tx) => holdChunk(tx, chunkId, error, authority.clock()));
      return "held";
    }
  }
}

/** Steps intend and record. @returns false when there is no room under any CA: the chunk waits */
async function checkAndRecord(authority: IssuingAuthority, chunk: Chunk): Promise<boolean> {
  const { partyId } = chunk;
  const party =
    partyId === undefined ? undefined : await authority.database.read((tx) => partyById(tx, partyId));
  const checked = checkRequests(chunk, party);
  const devices = await checkDevices(authority, chunk, party, checked.accepted);
  const { accepted } = devices;
  const outcomes = new Map([...checked.outcomes, ...devices.outcomes]);
  const checkedAt = authority.clock();
  const move = { from: ["received"], to: "recorded", count: chunk.requests.length, checkedAt } as const;
  if (accepted.length === 0) {
    await authority.database.transaction((tx) => moveChunk(tx, chunk.id, { ...move, outcomes }));
    return true;
  }
  const recorded = await intendAndRecord(authority, chunk.kind, chunk.id, accepted, async (tx, recording) => {
    // A map of its own: a transaction that is undone and run again must find things as they were.
    const decided = new Map(outcomes);
    for (const [position, serialNumber] of recording.keysTaken)
      decided.set(position, refused(keyTakenError(serialNumber)));
    for (const [position, error] of recording.refused) decided.set(position, refused(error));
    requireMoved(chunk, await moveChunk(tx, chunk.id, { ...move, outcomes: decided }));
    await devices.record(tx, recording);
  });
  return recorded !== undefined;
}

/**
 * Checks every CSR of a chunk that is not decided yet; a key that stands in two of them is certified for the
 * first.
 *
 * @returns those that may be certified, and what is known of the others
 */
export function checkRequests(
  chunk: Pick<Chunk, "kind" | "requests"> & Partial<Pick<Chunk, "outcomes">>,
  party: Party | undefined,
): { accepted: PositionedSubject[]; outcomes: Map<number, Outcome> } {
  const accepted: PositionedSubject[] = [];
  const outcomes = new Map(chunk.outcomes);
  const keys = new Set<string>();
  for (const [position, request] of chunk.requests.entries()) {
    if (outcomes.has(position)) continue;
    try {
      const subject = checkRequest(chunk.kind, request, party);
      const key = subject.publicKey.toString("latin1");
      if (keys.has(key)) throw new SmkiError("KEY_TWICE_IN_BATCH", { position });
      keys.add(key);
      accepted.push({ position, subject });
    } catch (error) {
      outcomes.set(position, refused(refusalOf(error)));
    }
  }
  return { accepted, outcomes };
}

/**
 * Steps sign, compare and publish.
 *
 * @returns false when some CSRs are not decided, since their CA was revoked in between: they are prepared again
 */
async function publishRecorded(authority: IssuingAuthority, chunk: Chunk): Promise<boolean> {
  const publication = { requestedBy: chunk.requestedBy, partyId: chunk.partyId };
  const count = chunk.requests.length;
  let isFinished = false;
  await signAndPublish(authority, chunk.kind, chunk.id, publication, async (tx, published, at) => {
    const outcomes = new Map(chunk.outcomes);
    for (const { position, fields } of published)
      outcomes.set(position, { status: "issued", serialNumber: fields.serialNumber });
    isFinished = outcomes.size === count;
    await grantHolders(tx, chunk, published, at);
    const move = isFinished ? ({ to: "finished", finishedAt: at } as const) : ({ to: "received" } as const);
    const moved = await moveChunk(tx, chunk.id, { from: ["recorded"], count, outcomes, ...move });
    if (published.length > 0) requireMoved(chunk, moved);
    if (moved && chunk.kind === "device") await closeClaims(tx, chunk.id);
    // Whoever waits asks again and sees that the batch goes on.
    if (moved) await notify(tx, outcomesChannel, String(chunk.batchId));
  });
  return isFinished;
}

/** Undoes the transaction of a worker that was overtaken. */
function requireMoved(chunk: Chunk, moved: boolean): void {
  if (!moved) throw new SmkiError("CHUNK_TAKEN_OVER", { chunk: chunk.id });
}

async function grantHolders(
  tx: Tx,
  chunk: Chunk,
  published: readonly ComparedCertificate[],
  at: Date,
): Promise<void> {
  if (chunk.holder === undefined) return;
  for (const { fields } of published)
    await grantCredential(tx, chunk.requestedBy, { ...chunk.holder, serialNumber: fields.serialNumber }, at);
}
