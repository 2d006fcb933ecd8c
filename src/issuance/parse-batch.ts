import { type Database, notify } from "../database/connect.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { findActsAbout } from "../ledger/find-acts-about.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { Clock } from "../time/clock.ts";
import { batchAct, saysOf } from "./batch-acts.ts";
import * as store from "./batch-store.ts";
import { requestsChannel } from "./receive.ts";
import { UploadDigest } from "./upload-digest.ts";

/** The moments of the check at which a test stops it: between, before and after its commit. */
export const parsingSteps = ["hashed", "releasing", "released"] as const;
export type ParsingStep = (typeof parsingSteps)[number];

export interface ParsingDesk {
  readonly database: Database;
  readonly clock: Clock;
  /** For tests that stop it on purpose. */
  readonly afterParsingStep?: (step: ParsingStep) => void | Promise<void>;
}

/** What became of an approved batch; `gone`: it is not one any more, since another worker was faster. */
export type ParseResult = "released" | "tampered" | "gone";

/** Approved batches that wait for their check, in the order of their approval. */
export function approvedBatches(database: Database): Promise<number[]> {
  return database.read((tx) => store.selectApproved(tx));
}

/**
 * Checks that an approved batch is what was received: hashes what the database holds, chunk by chunk, and compares it
 * with the act of receipt in the ledger, of which there must be one. Then gives the batch its turn; or closes it for
 * ever as tampered with (SEC Appendix M, appendix D).
 *
 * A crash before the commit leaves the batch approved, and it is checked again.
 */
export async function parseBatch(desk: ParsingDesk, batchId: number): Promise<ParseResult> {
  const { database, clock, afterParsingStep } = desk;
  const batch = await database.read((tx) => store.selectUploaded(tx, batchId));
  if (batch?.stage !== "approved") return "gone";
  const isIntact = await isAsReceived(database, batch);
  await afterParsingStep?.("hashed");
  const result = await database.transaction(async (tx): Promise<ParseResult> => {
    const at = clock();
    const moved = isIntact
      ? await store.releaseBatch(tx, batchId, at)
      : await store.decideBatch(tx, batchId, { from: "approved", to: "tampered", by: "system", at });
    if (!moved) return "gone";
    const [kind, told] = isIntact
      ? (["requests.released", "released"] as const)
      : (["requests.tampered", "tampered"] as const);
    await recordActs(tx, [batchAct(kind, "system", batchId, at)]);
    await notify(tx, requestsChannel, String(batchId));
    await afterParsingStep?.("releasing");
    return told;
  });
  await afterParsingStep?.("released");
  return result;
}

/** The row is compared as well as the octets: altered, it would have certificates made for another Party. */
async function isAsReceived(database: Database, batch: store.UploadedBatch): Promise<boolean> {
  const acts = await database.read((tx) =>
    findActsAbout(tx, "requests.received", "batch", batch.id, batch.fromLeaf),
  );
  const [act] = acts;
  if (act === undefined || acts.length > 1) return false;
  const stored = await digestStored(database, batch.id);
  return (
    stored?.count === batch.requestCount &&
    saysOf(act, batch.requestedBy, {
      batch: batch.id,
      channel: batch.channel,
      kind: batch.kind,
      party: batch.partyId,
      ...stored,
    })
  );
}

/** @returns undefined when what is stored is no batch any more */
async function digestStored(
  database: Database,
  batchId: number,
): Promise<{ count: number; requests: string } | undefined> {
  const digest = new UploadDigest();
  for (const chunkId of await database.read((tx) => store.selectChunkIds(tx, batchId))) {
    const part = await readPart(database, chunkId);
    if (part === undefined || part.clientIds.length !== part.requests.length) return undefined;
    for (const [place, request] of part.requests.entries())
      digest.add({ clientId: part.clientIds[place]?.toString() ?? "", request });
  }
  return { count: digest.count, requests: digest.finish() };
}

/** @returns undefined when the octets are no frames any more */
async function readPart(database: Database, chunkId: number): Promise<store.StoredPart | undefined> {
  try {
    return await database.read((tx) => store.selectPart(tx, chunkId));
  } catch (error) {
    if (isSmkiError(error, "DATABASE_ROW_DAMAGED")) return undefined;
    throw error;
  }
}
