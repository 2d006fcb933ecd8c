import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { type BatchedCsr, readSubmitBatchStatus, writeSubmitBatch } from "../../web/smki/messages/index.ts";
import { type ClientBatch, csrIdentifier, csrKey, split, unsentCsrs } from "./batches.ts";
import { readSameCsr } from "./csr-file.ts";
import type { PlannedCsr } from "./journal.ts";
import type { OutgoingMessage } from "./service.ts";
import type { Work } from "./work.ts";

const submitPath = "/1.0/PortalCSRBatch/SubmitCSRBatch";

/** Writes down which CSRs go into which batch, before any of them is sent. */
export function planBatches(
  work: Work,
  csrs: readonly PlannedCsr[],
  again: ReadonlySet<string>,
  size: number,
): void {
  const wanted = new Set(csrs.map(csrKey));
  // Never sent, and its files are others now, or batches are to be smaller: they go into others.
  for (const { batch, state, csrs: planned } of work.batches) {
    if (state !== "planned") continue;
    if (!planned.every((csr) => wanted.has(csrKey(csr))))
      work.record({ step: "refused", batch, answer: "its files were changed before it was sent" });
    else if (planned.length > size)
      work.record({ step: "refused", batch, answer: "it was split before it was sent" });
  }
  for (const part of split(unsentCsrs(csrs, work.batches, again), size)) {
    const batch = work.batches.length + 1;
    work.record({ step: "planned", batch, reference: `smki-client-${randomUUID()}`, csrs: part });
    work.afterStep("planned");
  }
}

/**
 * Sends the batches that are planned, one after the other: SEC Appendix N 3.1.3 has the answer to one waited for before
 * the next is sent.
 *
 * The journal says so before the last octets of a batch go out. Until then the service cannot have a whole document, so
 * that it is sent again without harm; from then until the answer is written down it may have it.
 *
 * @throws SmkiError CLIENT_SUBMISSION_UNANSWERED, CLIENT_SUBMISSION_REFUSED; as `HttpService.post`, where nothing of a
 *   batch was taken
 */
export async function submitBatches(work: Work): Promise<void> {
  for (const batch of work.batches) {
    if (batch.state !== "planned") continue;
    const batchId = await submit(work, batch);
    work.record({ step: "submitted", batch: batch.batch, batchId, at: work.clock().toISOString() });
    work.afterStep("submitted");
    work.output.done(
      `Batch ${String(batch.batch)} of ${String(batch.csrs.length)} CSRs was received: BatchId ${batchId}`,
    );
  }
}

async function submit(work: Work, batch: ClientBatch): Promise<string> {
  try {
    const answer = await work.service.post(submitPath, await messageOf(work, batch));
    work.afterStep("answered");
    return readAnswer(work, batch, answer);
  } catch (error) {
    if (batch.state !== "unanswered" || isSmkiError(error, "CLIENT_SUBMISSION_UNANSWERED")) throw error;
    // By its own meaning a status of the 300s or 400s says that the request was not done.
    const status = isSmkiError(error, "CLIENT_ANSWER_STATUS") ? Number(error.details["status"]) : 0;
    if (status < 300 || status > 499) throw unanswered(batch, error);
    work.record({ step: "refused", batch: batch.batch, answer: `HTTP ${String(status)}` });
    throw error;
  }
}

function readAnswer(work: Work, batch: ClientBatch, octets: Buffer): string {
  const { reference, outcome } = readSubmitBatchStatus(octets);
  if (reference !== undefined && reference !== batch.reference)
    throw new SmkiError("CLIENT_ANSWER_OF_ANOTHER", {
      batch: batch.batch,
      reference: reference.slice(0, 80),
    });
  if (outcome.status === "PENDING") {
    if (work.batches.some(({ batchId }) => batchId === outcome.batchId))
      throw new SmkiError("CLIENT_ANSWER_OF_ANOTHER", { batch: batch.batch, batchId: outcome.batchId });
    return outcome.batchId;
  }
  const { code, text } = outcome.error;
  const { batch: number, reference: sentAs } = batch;
  const details = { batch: number, status: outcome.status, errorCode: code, text: text.slice(0, 400) };
  // FORMAT_ERROR: the message was not taken. WORKFLOW_ERROR: something failed inside, before or after.
  if (outcome.status === "WORKFLOW_ERROR")
    throw new SmkiError("CLIENT_SUBMISSION_UNANSWERED", { ...details, reference: sentAs });
  work.record({ step: "refused", batch: batch.batch, answer: `${code} ${text}`.slice(0, 400) });
  throw new SmkiError("CLIENT_SUBMISSION_REFUSED", details);
}

/** A batch of which nobody here knows whether the service has it. */
export function unanswered({ batch, reference, submittedAt }: ClientBatch, cause?: unknown): SmkiError {
  const at = submittedAt?.toISOString() ?? "";
  const reason = isSmkiError(cause) ? { reason: cause.message.slice(0, 300) } : {};
  return new SmkiError("CLIENT_SUBMISSION_UNANSWERED", { batch, reference, sent: at, ...reason }, { cause });
}

async function messageOf(work: Work, batch: ClientBatch): Promise<OutgoingMessage> {
  const pieces = () => writeSubmitBatch(batch.reference, csrsOf(work.folder, batch));
  let octets = 0;
  // Written twice: services may ask for the length first, and no batch need be in memory for it.
  for await (const piece of pieces()) octets += piece.length;
  return {
    octets,
    pieces,
    beforeLast: () => {
      work.record({ step: "sending", batch: batch.batch, at: work.clock().toISOString() });
      work.afterStep("sending");
    },
    afterLast: () => {
      work.afterStep("sent");
    },
  };
}

function* csrsOf(folder: string, { csrs }: ClientBatch): Generator<BatchedCsr> {
  for (const [place, [file, sha256]] of csrs.entries()) {
    const csr = readSameCsr(join(folder, file), sha256);
    if (csr === undefined)
      throw new SmkiError("FILE_UNREADABLE", { file, reason: "changed since it was planned" });
    yield { clientId: csrIdentifier(place), request: csr.der };
  }
}
