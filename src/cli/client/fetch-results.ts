import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { type BatchResultHead, BatchResultReader } from "../../web/smki/messages/index.ts";
import { fileUnwritable } from "../output-file.ts";
import type { ClientBatch } from "./batches.ts";
import { syncFolder } from "./durable.ts";
import { nextPoll } from "./poll-schedule.ts";
import type { Work } from "./work.ts";

const resultPath = (batchId: string): string =>
  `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${encodeURIComponent(batchId)}`;

/** Where the answer of a complete batch is kept. */
export const resultFile = ({ stateFolder }: Pick<Work, "stateFolder">, { batch }: ClientBatch): string =>
  join(stateFolder, `batch-${String(batch)}.xml`);

/** How the client waits for its batches. */
export interface Polling {
  /** Milliseconds from one poll of a batch to the next; as Appendix N asks if left out. */
  readonly every: number | undefined;
  /** Asks for what may be asked for now, and waits for nothing. */
  readonly once: boolean;
}

/** Polls that may fail one after the other before the client gives up. */
const failuresInTurn = 5;
/** A machine that sleeps wakes to another time: the clock is looked at this often, in milliseconds. */
const glance = 60_000;

/**
 * Asks for the batches that were received until each is complete or ended; when is decided by the schedule.
 *
 * @param onFetched - called with each batch whose answer is kept
 * @returns when a batch may be asked for next, if `once` and some are not complete
 * @throws SmkiError as `HttpService.get`; ANSWER_INVALID, CLIENT_ANSWER_OF_ANOTHER, CLIENT_ANSWER_REFUSED
 */
export async function fetchResults(
  work: Work,
  polling: Polling,
  onFetched: (batch: ClientBatch) => Promise<void>,
): Promise<Date | undefined> {
  let failures = 0;
  for (;;) {
    const [next] = work.batches
      .filter(({ state }) => state === "submitted")
      .map((batch) => ({ batch, at: dueAt(work, polling, batch) }))
      .sort((left, right) => left.at.getTime() - right.at.getTime());
    if (next === undefined) return undefined;
    const wait = next.at.getTime() - work.clock().getTime();
    if (wait > 0) {
      if (polling.once) return next.at;
      if (wait > glance) work.output.line(waitInWords(next.at, polling));
      while (work.clock() < next.at)
        await sleep(Math.min(glance, Math.max(1, next.at.getTime() - work.clock().getTime())));
    }
    try {
      if (await poll(work, next.batch)) await onFetched(next.batch);
      failures = 0;
    } catch (error) {
      failures += 1;
      // Counted as asked, so that one batch in trouble does not keep the client from the others for ever.
      const at = work.clock().toISOString();
      work.record({ step: "polled", batch: next.batch.batch, status: "FAILED", at });
      if (!mayPass(error) || failures >= failuresInTurn || polling.once) throw error;
      work.output.warn(`Batch ${String(next.batch.batch)}: ${(error as Error).message}`);
    }
  }
}

/** Hours may pass: whoever watches learns why, and that nothing is lost by not waiting. */
function waitInWords(at: Date, { every }: Polling): string {
  const why = every === undefined ? ", as Appendix N 3.1.3 asks" : "";
  const sooner = every === undefined ? "; in an environment for tests, --poll-every SECONDS asks sooner" : "";
  return `  The results are asked for at ${at.toISOString()}${why}. Ctrl-C ends the client; the same command goes on${sooner}.`;
}

function dueAt(
  { rules }: Work,
  { every }: Polling,
  { submittedAt = new Date(0), polledAt }: ClientBatch,
): Date {
  if (every !== undefined) return new Date((polledAt ?? submittedAt).getTime() + every);
  return nextPoll({ submittedAt, polledAt }, rules.batchPolling.value);
}

/** An outage, or a failure inside the service: the batch is asked for again at its next time. */
function mayPass(error: unknown): boolean {
  if (isSmkiError(error, "CLIENT_NOT_CONNECTED")) return true;
  if (isSmkiError(error, "CLIENT_ANSWER_STATUS")) return Number(error.details["status"]) >= 500;
  return isSmkiError(error, "CLIENT_ANSWER_REFUSED") && error.details["status"] === "WORKFLOW_ERROR";
}

/** @returns whether the batch is complete, and its answer kept */
async function poll(work: Work, batch: ClientBatch): Promise<boolean> {
  const { batchId = "" } = batch;
  const file = resultFile(work, batch);
  const draft = `${file}.part`;
  const head = await download(work, batch, batchId, draft);
  const at = work.clock().toISOString();
  if (head.status !== "COMPLETED") {
    rmSync(draft, { force: true });
    const isNews = head.status !== batch.status;
    work.record({ step: "polled", batch: batch.batch, status: head.status, at });
    work.afterStep("polled");
    if (isNews) work.output.done(`Batch ${String(batch.batch)} is ${head.status}`);
    return false;
  }
  // A crash before the entry: the answer is fetched once more, and written over this one.
  renameSync(draft, file);
  syncFolder(work.stateFolder);
  work.afterStep("fetched");
  work.record({ step: "fetched", batch: batch.batch, at });
  work.afterStep("kept");
  return true;
}

/** Takes the answer in as it arrives, and reads it: only what is a whole and valid answer for this batch stays. */
async function download(
  work: Work,
  batch: ClientBatch,
  batchId: string,
  draft: string,
): Promise<BatchResultHead> {
  const reader = new BatchResultReader();
  let descriptor: number | undefined;
  try {
    const open = openDraft(draft);
    descriptor = open;
    await work.service.get(resultPath(batchId), async (octets) => {
      // Before it is written: what is too long, or no answer, fills no disk.
      reader.write(octets);
      writeDraft(draft, open, octets);
      work.afterStep("fetching");
    });
    const head = reader.end();
    fsyncSync(open);
    requireOwn(batch, batchId, head);
    return head;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function requireOwn(batch: ClientBatch, batchId: string, head: BatchResultHead): void {
  if (head.error !== undefined) {
    const { code, text } = head.error;
    const details = {
      batch: batch.batch,
      batchId,
      status: head.status,
      errorCode: code,
      text: text.slice(0, 400),
    };
    throw new SmkiError("CLIENT_ANSWER_REFUSED", details);
  }
  const isOwn =
    (head.batchId === undefined || head.batchId === batchId) &&
    (head.reference === undefined || head.reference === batch.reference);
  if (!isOwn)
    throw new SmkiError("CLIENT_ANSWER_OF_ANOTHER", {
      batch: batch.batch,
      batchId,
      answered: String(head.batchId),
      reference: String(head.reference).slice(0, 80),
    });
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, "w", 0o600);
  } catch (cause) {
    throw fileUnwritable(draft, cause);
  }
}

function writeDraft(draft: string, descriptor: number, octets: Buffer): void {
  try {
    for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at);
  } catch (cause) {
    throw fileUnwritable(draft, cause);
  }
}
