import type { ComparedCertificate } from "../authorities/issuing/compare.ts";
import type { PositionedSubject } from "../authorities/issuing/intend.ts";
import {
  type IssuingAuthority,
  intendAndRecord,
  keyTakenError,
  type RecordedChunk,
  signAndPublish,
} from "../authorities/issuing/issue.ts";
import { stepTimer } from "../authorities/issuing/step-timer.ts";
import { notify } from "../database/connect.ts";
import { together } from "../database/together.ts";
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
import { type Chunk, type ChunkMove, moveChunks, selectChunks } from "./request-store.ts";

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
      const [chunk] = await authority.database.read((tx) => selectChunks(tx, [chunkId]));
      state = chunk?.state;
      switch (chunk?.state) {
        case "received":
          if ((await checkAndRecord(authority, [chunk])) === undefined) return "waiting";
          break;
        case "recorded":
          if ((await publishRecorded(authority, [chunk])).length > 0) return "finished";
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

/**
 * Checks chunks, then steps intend and record for them together.
 *
 * @param chunks - of one kind, which stand as received
 * @returns those that are recorded now, as they stand; undefined when there is no room under any CA for them all: then none
 *   is, and they wait. One that others have taken over is left out, and one that has to be judged when another of them is
 *   done, since it asks for the same key or Device
 */
export async function checkAndRecord(
  authority: IssuingAuthority,
  chunks: readonly Chunk[],
): Promise<readonly Chunk[] | undefined> {
  const ended = stepTimer(authority.onStepTimed);
  const parties = await partiesOf(authority, chunks);
  const checked = leaveOutSameKeys(
    chunks.map((chunk) => {
      const party = chunk.partyId === undefined ? undefined : parties.get(chunk.partyId);
      return { chunk, party, ...checkRequests(chunk, party) };
    }),
  );
  const devices = await checkDevices(authority, checked);
  const judged = checked
    .map((one, index) => ({ ...one, ...withDevices(one.outcomes, devices.judged[index]) }))
    .filter(({ outcomes }) => checked.length === 1 || ![...outcomes.values()].some(isAtLimit));
  ended(
    "check",
    checked.reduce((sum, { chunk }) => sum + chunk.requests.length, 0),
  );
  const checkedAt = authority.clock();
  let recorded: Chunk[] = [];
  const move = async (tx: Tx, recordedOf: (chunkId: number) => RecordedChunk) => {
    const decided = judged.map(({ chunk, outcomes }) => withRecorded(chunk, outcomes, recordedOf(chunk.id)));
    const moved = await moveChunks(
      tx,
      decided.map(({ id, requests, outcomes }) => {
        return { id, from: "received", to: "recorded", count: requests.length, outcomes, checkedAt };
      }),
    );
    for (const { chunk, accepted } of judged) if (accepted.length > 0) requireMoved(chunk, moved);
    recorded = decided.filter(({ id }) => moved.has(id));
  };
  const record = (tx: Tx, recordedOf: (chunkId: number) => RecordedChunk) => {
    const ids = new Set(judged.map(({ chunk }) => chunk.id));
    return together(move(tx, recordedOf), devices.record(tx, ids, recordedOf)).then(() => undefined);
  };
  const subjects = judged.map(({ chunk, accepted }) => ({ chunkId: chunk.id, subjects: accepted }));
  const [first] = chunks;
  if (first === undefined || judged.length === 0) return [];
  if (subjects.every((chunk) => chunk.subjects.length === 0)) {
    await authority.database.transaction((tx) => record(tx, () => nothingTaken));
    return recorded;
  }
  return (await intendAndRecord(authority, first.kind, subjects, record)) ? recorded : undefined;
}

/** A chunk as it stands once it is recorded. */
function withRecorded(
  chunk: Chunk,
  judged: ReadonlyMap<number, Outcome>,
  { keysTaken, refused: withFinding }: RecordedChunk,
): Chunk {
  // A map of its own: a transaction that is undone and run again must find things as they were.
  const outcomes = new Map(judged);
  for (const [position, serialNumber] of keysTaken)
    outcomes.set(position, refused(keyTakenError(serialNumber)));
  for (const [position, error] of withFinding) outcomes.set(position, refused(error));
  return { ...chunk, state: "recorded", outcomes };
}

const nothingTaken: RecordedChunk = { keysTaken: new Map(), refused: new Map() };

async function partiesOf(
  { database }: IssuingAuthority,
  chunks: readonly Chunk[],
): Promise<ReadonlyMap<number, Party>> {
  const ids = new Set(chunks.flatMap(({ partyId }) => (partyId === undefined ? [] : [partyId])));
  const parties = new Map<number, Party>();
  if (ids.size === 0) return parties;
  await database.read(async (tx) => {
    for (const id of ids) parties.set(id, await partyById(tx, id));
  });
  return parties;
}

/** Without chunks that ask for a key that an earlier one of them asks for: what becomes of that decides. */
function leaveOutSameKeys<One extends { readonly accepted: readonly PositionedSubject[] }>(
  checked: readonly One[],
): One[] {
  const keys = new Set<string>();
  return checked.filter(({ accepted }) => {
    const own = accepted.map(({ subject }) => keyText(subject));
    if (own.some((key) => keys.has(key))) return false;
    for (const key of own) keys.add(key);
    return true;
  });
}

const keyText = ({ publicKey }: PositionedSubject["subject"]): string => publicKey.toString("latin1");

function withDevices(
  outcomes: ReadonlyMap<number, Outcome>,
  devices: Awaited<ReturnType<typeof checkDevices>>["judged"][number] | undefined,
) {
  return {
    accepted: devices?.accepted ?? [],
    outcomes: new Map([...outcomes, ...(devices?.outcomes ?? [])]),
  };
}

/** Others of those that are checked together may have been counted in, and be refused in the end. */
const isAtLimit = (outcome: Outcome): boolean =>
  outcome.status === "refused" && outcome.code === "DEVICE_CERTIFICATE_LIMIT";

/**
 * Checks every CSR of a chunk that is not decided yet; a key that stands in two of them is certified for the
 * first.
 *
 * @returns those that may be certified, and what is known of the others
 */
export function checkRequests(
  chunk: Pick<Chunk, "kind" | "requests"> & Partial<Pick<Chunk, "outcomes" | "holder">>,
  party: Party | undefined,
): { accepted: PositionedSubject[]; outcomes: Map<number, Outcome> } {
  const accepted: PositionedSubject[] = [];
  const outcomes = new Map(chunk.outcomes);
  const keys = new Set<string>();
  for (const [position, request] of chunk.requests.entries()) {
    if (outcomes.has(position)) continue;
    try {
      const subject = checkRequest(chunk.kind, request, party, chunk.holder);
      const key = keyText(subject);
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
 * Steps sign, compare and publish, for chunks together.
 *
 * @param chunks - of one kind, which stand recorded
 * @returns those that are finished. Of the others some CSRs are not decided, since their CA was revoked in between: they
 *   are prepared again
 */
export async function publishRecorded(
  authority: IssuingAuthority,
  chunks: readonly Chunk[],
): Promise<readonly Chunk[]> {
  const [first] = chunks;
  if (first === undefined) return [];
  let finished: readonly Chunk[] = [];
  await signAndPublish(authority, first.kind, chunks, async (tx, publishedOf, at) => {
    const moves: ChunkMove[] = [];
    for (const chunk of chunks) {
      const outcomes = new Map(chunk.outcomes);
      for (const { position, fields } of publishedOf(chunk.id))
        outcomes.set(position, { status: "issued", serialNumber: fields.serialNumber });
      await grantHolders(tx, chunk, publishedOf(chunk.id), at);
      const { id, requests } = chunk;
      const move = { id, from: "recorded", count: requests.length, outcomes } as const;
      const isFinished = outcomes.size === requests.length;
      moves.push(isFinished ? { ...move, to: "finished", finishedAt: at } : { ...move, to: "received" });
    }
    const moved = await moveChunks(tx, moves);
    for (const chunk of chunks) if (publishedOf(chunk.id).length > 0) requireMoved(chunk, moved);
    // Whoever waits asks again and sees that the batch goes on.
    const batches = chunks.filter(({ id }) => moved.has(id)).map(({ batchId }) => String(batchId));
    await together(
      first.kind === "device" ? closeClaims(tx, [...moved]) : Promise.resolve(),
      notify(tx, outcomesChannel, ...batches),
    );
    finished = chunks.filter((_, index) => moves[index]?.to === "finished");
  });
  return finished;
}

/** Undoes the transaction of a worker that was overtaken. */
function requireMoved({ id }: Chunk, moved: ReadonlySet<number>): void {
  if (!moved.has(id)) throw new SmkiError("CHUNK_TAKEN_OVER", { chunk: id });
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
