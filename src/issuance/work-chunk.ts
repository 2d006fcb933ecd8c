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
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { Party } from "../registration/party.ts";
import { grantCredential, partyById } from "../registration/registration.ts";
import { checkRequest, refusalOf } from "./check-request.ts";
import { type Outcome, refused } from "./outcome.ts";
import { outcomesChannel } from "./receive.ts";
import { type Chunk, selectChunk, updateChunk } from "./request-store.ts";

/** What a worker made of a chunk. `waiting`: no released Issuing DCA has room for it. */
export type ChunkResult = "finished" | "waiting" | "held";

/**
 * Takes one chunk from its CSRs to its certificates, from wherever it stands: the same path after a crash.
 * The caller holds the chunk's lock.
 *
 * @throws SmkiError for what is no fault of the chunk (the database or the key store is away): it stays open
 */
export async function workChunk(authority: IssuingAuthority, chunkId: number): Promise<ChunkResult> {
  const read = () => authority.database.read((tx) => selectChunk(tx, chunkId));
  let chunk = await read();
  if (chunk?.state === "received") {
    if (!(await checkAndRecord(authority, chunk))) return "waiting";
    chunk = await read();
  }
  if (chunk?.state !== "recorded") return chunk?.state === "held" ? "held" : "finished";
  return publishRecorded(authority, chunk);
}

async function checkAndRecord(authority: IssuingAuthority, chunk: Chunk): Promise<boolean> {
  const { partyId } = chunk;
  const party =
    partyId === undefined ? undefined : await authority.database.read((tx) => partyById(tx, partyId));
  const { accepted, outcomes } = checkRequests(chunk, party);
  if (accepted.length === 0) {
    await authority.database.transaction((tx) => finish(tx, chunk, outcomes, authority.clock()));
    return true;
  }
  const recorded = await intendAndRecord(authority, chunk.kind, chunk.id, accepted, async (tx, recording) => {
    for (const [position, serialNumber] of recording.keysTaken)
      outcomes.set(position, refused(keyTakenError(serialNumber)));
    for (const [position, error] of recording.refused) outcomes.set(position, refused(error));
    await updateChunk(tx, chunk.id, "recorded", chunk.requests.length, outcomes);
  });
  return recorded !== undefined;
}

/** Checks every CSR of a chunk; a key that stands in two of them is certified for the first. */
export function checkRequests(
  chunk: Pick<Chunk, "kind" | "requests">,
  party: Party | undefined,
): { accepted: PositionedSubject[]; outcomes: Map<number, Outcome> } {
  const accepted: PositionedSubject[] = [];
  const outcomes = new Map<number, Outcome>();
  const keys = new Set<string>();
  for (const [position, request] of chunk.requests.entries())
    try {
      const subject = checkRequest(chunk.kind, request, party);
      const key = subject.publicKey.toString("latin1");
      if (keys.has(key)) throw new SmkiError("KEY_TWICE_IN_BATCH", { position });
      keys.add(key);
      accepted.push({ position, subject });
    } catch (error) {
      outcomes.set(position, refused(refusalOf(error)));
    }
  return { accepted, outcomes };
}

async function publishRecorded(authority: IssuingAuthority, chunk: Chunk): Promise<ChunkResult> {
  try {
    const publication = { requestedBy: chunk.requestedBy, partyId: chunk.partyId };
    await signAndPublish(authority, chunk.id, publication, async (tx, published, at) => {
      const outcomes = new Map(chunk.outcomes);
      for (const { position, fields } of published)
        outcomes.set(position, { status: "issued", serialNumber: fields.serialNumber });
      await grantHolders(tx, chunk, published, at);
      await finish(tx, chunk, outcomes, at);
    });
    return "finished";
  } catch (error) {
    if (!isIssuingFault(error)) throw error;
    // Nothing was published. The chunk waits for a person; its intents stay as evidence.
    await authority.database.transaction(async (tx) => {
      const at = authority.clock();
      await updateChunk(tx, chunk.id, "held", chunk.requests.length, chunk.outcomes);
      await recordActs(tx, [
        { kind: "chunk.held", at, by: "system", subject: { chunk: chunk.id, code: error.code } },
      ]);
      await notify(tx, outcomesChannel, String(chunk.batchId));
    });
    return "held";
  }
}

const issuingFaults = new Set([
  "SIGNED_OTHER_THAN_INTENDED",
  "OWN_SIGNATURE_INVALID",
  "CERTIFICATE_LINT_FINDING",
]);

function isIssuingFault(error: unknown): error is SmkiError {
  return error instanceof SmkiError && issuingFaults.has(error.code);
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

async function finish(tx: Tx, chunk: Chunk, outcomes: ReadonlyMap<number, Outcome>, at: Date): Promise<void> {
  await updateChunk(tx, chunk.id, "finished", chunk.requests.length, outcomes, at);
  await notify(tx, outcomesChannel, String(chunk.batchId));
}
