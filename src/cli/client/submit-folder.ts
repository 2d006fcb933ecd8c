import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { takeOwnerLock } from "../../database/embedded/owner-lock.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import type { Output } from "../output.ts";
import { fileUnwritable } from "../output-file.ts";
import { apply, type BatchState, batchesOf, type ClientBatch } from "./batches.ts";
import { syncFolder, writeWhole } from "./durable.ts";
import { fetchResults, type Polling } from "./fetch-results.ts";
import { type CsrFolder, readFolder } from "./folder.ts";
import { Journal, type JournalEntry, journalFormat } from "./journal.ts";
import { type PathCheckOf, serialNumberOf } from "./match-certificate.ts";
import { type CsrReport, mayPass, writeReport } from "./outcomes.ts";
import type { HttpService } from "./service.ts";
import type { AfterStep } from "./steps.ts";
import { planBatches, submitBatches, unanswered } from "./submit-batches.ts";
import { takeResults, unusable } from "./take-results.ts";
import type { Work } from "./work.ts";

/** What the client is asked to do. */
export interface SubmitOrder {
  readonly folder: string;
  /** The address of the service, as the journal keeps it. */
  readonly url: string;
  readonly service: HttpService;
  readonly retrieve?: Work["retrieve"];
  /** Whether a certificate's path holds, where the person gave authorities. */
  readonly judge?: PathCheckOf | undefined;
  readonly batchSize: number;
  readonly polling: Polling;
  /** Batches that a person says did not arrive. */
  readonly resend: readonly number[];
  /** Batches that a person says arrived, with their BatchIds. */
  readonly received: ReadonlyMap<number, string>;
  /** Sends those again that the CA failed on. */
  readonly retry: boolean;
  readonly rules: Pick<Rulebook, "batchPolling" | "maximumBatchSize">;
  readonly clock: Clock;
  readonly output: Output;
  /** For tests that stop it on purpose. */
  readonly afterStep?: AfterStep;
}

/** What came of it. */
export interface SubmitResult {
  readonly reports: readonly CsrReport[];
  /** IDs in the answers that no CSR was sent under. */
  readonly unknown: readonly string[];
  /** The file with the report. */
  readonly reportFile: string;
  /** When a batch may be asked for next; some are not complete. */
  readonly next: Date | undefined;
  /** A batch of which nobody here knows whether the service has it. */
  readonly unanswered: SmkiError | undefined;
}

/** Journal, answers and lock, beside the CSRs. */
const stateFolderName = ".smki-client";
const reportName = "smki-client-report.tsv";

/**
 * Has the Device CSRs of a folder certified by the Batched Device CSR Web Service (SEC Appendix M 2.5) of any SMKI, from
 * wherever an earlier run was stopped.
 *
 * @throws SmkiError with a `CLIENT_` code and as its parts do; what was done until then stands in the journal
 */
export async function submitFolder(order: SubmitOrder): Promise<SubmitResult> {
  const stateFolder = makeStateFolder(order.folder);
  const lock = await takeOwnerLock(stateFolder).catch((error: unknown) => {
    if (isSmkiError(error, "DATABASE_FOLDER_IN_USE"))
      throw new SmkiError("CLIENT_FOLDER_IN_USE", { folder: order.folder });
    throw error;
  });
  try {
    const journal = new Journal(join(stateFolder, "journal.jsonl"));
    try {
      return await work(order, stateFolder, journal);
    } finally {
      journal.close();
    }
  } finally {
    await lock.release();
  }
}

function makeStateFolder(folder: string): string {
  const stateFolder = join(folder, stateFolderName);
  try {
    mkdirSync(stateFolder, { mode: 0o700 });
    syncFolder(folder);
  } catch (cause) {
    const { code: reason = "unknown" } = cause as NodeJS.ErrnoException;
    if (reason === "ENOENT" || reason === "ENOTDIR")
      throw new SmkiError("FILE_UNREADABLE", { file: folder, reason }, { cause });
    if (reason !== "EEXIST") throw fileUnwritable(stateFolder, cause);
  }
  return stateFolder;
}

async function work(order: SubmitOrder, stateFolder: string, journal: Journal): Promise<SubmitResult> {
  openJournal(journal, order.url);
  const { service, rules, clock, output, judge, retrieve, afterStep = () => undefined } = order;
  const batches = batchesOf(journal.entries);
  const record = (entry: JournalEntry) => {
    journal.append(entry);
    apply(batches, entry);
  };
  const { folder } = order;
  const job = {
    folder,
    stateFolder,
    batches,
    record,
    service,
    retrieve,
    judge,
    rules,
    clock,
    output,
    afterStep,
  };
  settle(job, order);

  const read = readFolder(folder, judge);
  const outcomes = new Map<string, CsrReport>();
  const unknown: string[] = [];
  const take = async (batch: ClientBatch) => {
    const taken = await takeResults(job, batch);
    for (const report of taken.reports) outcomes.set(report.file, report);
    unknown.push(...taken.unknown);
    for (const id of taken.unknown)
      output.warn(`Batch ${String(batch.batch)}: the answer has ${id}, which no CSR was sent under`);
  };
  // A batch whose certificates all lie there has nothing more to give.
  for (const batch of batches)
    if (batch.state === "fetched" && batch.csrs.some(([file]) => !read.certified.has(file)))
      await take(batch);

  const doubt = () => batches.find(({ state }) => state === "unanswered");
  let next: Date | undefined;
  try {
    // Nothing more is sent while the answer to something is awaited (SEC Appendix N 3.1.3).
    if (doubt() === undefined) {
      planBatches(job, read.csrs, order.retry ? failedCsrs(batches, outcomes) : new Set(), order.batchSize);
      await submitBatches(job);
    }
    next = await fetchResults(job, order.polling, take);
  } finally {
    await writeWhole(join(folder, reportName), writeReport(reportsOf(read, batches, outcomes)));
    syncFolder(folder);
    afterStep("reported");
  }
  const doubtful = doubt();
  return {
    reports: reportsOf(read, batches, outcomes),
    unknown,
    reportFile: join(folder, reportName),
    next,
    unanswered: doubtful && unanswered(doubtful),
  };
}

/** A journal belongs to one service from the moment that this may have a batch; a mistyped address has none. */
function openJournal(journal: Journal, url: string): void {
  const opened = journal.entries.findLast((entry) => entry.step === "opened");
  if (opened?.url === url) return;
  const nothingIsThere = batchesOf(journal.entries).every(({ state }) => neverTaken.includes(state));
  if (opened !== undefined && !nothingIsThere)
    throw new SmkiError("CLIENT_JOURNAL_OF_ANOTHER_SERVICE", { journal: opened.url, given: url });
  journal.append({ step: "opened", format: journalFormat, url });
}

const neverTaken: readonly BatchState[] = ["planned", "refused"];

/** Writes down what a person knows of batches. @throws SmkiError CLIENT_BATCH_UNKNOWN */
function settle(
  { batches, record, clock }: Pick<Work, "batches" | "record" | "clock">,
  order: SubmitOrder,
): void {
  const require = (number: number) => {
    const batch = batches.find((one) => one.batch === number);
    // Also of one that was received or ended: a person may have been told a wrong BatchId, or that it is lost.
    if (batch === undefined || !["unanswered", "submitted", "ended"].includes(batch.state))
      throw new SmkiError("CLIENT_BATCH_UNKNOWN", { batch: number });
    return batch;
  };
  for (const batch of order.resend)
    record({ step: "resend", batch: require(batch).batch, at: clock().toISOString() });
  for (const [number, batchId] of order.received) {
    const { batch, submittedAt = clock() } = require(number);
    record({ step: "submitted", batch, batchId, at: submittedAt.toISOString() });
  }
}

function failedCsrs(batches: readonly ClientBatch[], outcomes: ReadonlyMap<string, CsrReport>): Set<string> {
  const keys = batches.flatMap(({ batch, csrs }) =>
    csrs.filter(([file]) => {
      const outcome = outcomes.get(file);
      return outcome?.batch === batch && mayPass(outcome);
    }),
  );
  return new Set(keys.map(([file, sha256]) => `${sha256} ${file}`));
}

/** What became of each CSR that lies in the folder, by file. */
function reportsOf(
  { csrs, certified, unusable: unusableFiles }: CsrFolder,
  batches: readonly ClientBatch[],
  outcomes: ReadonlyMap<string, CsrReport>,
): CsrReport[] {
  const reports = new Map<string, CsrReport>();
  for (const [file, error] of unusableFiles) reports.set(file, unusable(file, error));
  const batchOf = new Map(
    batches.flatMap(({ batch, csrs: held }) => held.map(([file]) => [file, batch] as const)),
  );
  for (const [file, certificate] of certified) {
    const batch = batchOf.get(file);
    const serialNumber = serialNumberOf(certificate);
    reports.set(file, { file, status: "issued", ...(batch === undefined ? {} : { batch }), serialNumber });
  }
  const hashes = new Map(csrs);
  for (const [file] of csrs) reports.set(file, { file, status: "waiting" });
  // The last batch that has a CSR counts.
  for (const batch of batches)
    for (const [file, sha256] of batch.csrs)
      if (hashes.get(file) === sha256) reports.set(file, reportOf(file, batch, outcomes));
  for (const [file, report] of outcomes) if (certified.has(file)) reports.set(file, report);
  return [...reports.values()].sort((left, right) => (left.file < right.file ? -1 : 1));
}

function reportOf(file: string, batch: ClientBatch, outcomes: ReadonlyMap<string, CsrReport>): CsrReport {
  const { batch: number, state, status, answer } = batch;
  const outcome = outcomes.get(file);
  if (state === "fetched" && outcome?.batch === number) return outcome;
  switch (state) {
    case "unanswered":
      return { file, status: "unanswered", batch: number };
    case "ended":
      return { file, status: "ended", batch: number, reason: status ?? "" };
    case "planned":
    case "refused":
    case "submitted":
    case "fetched":
      return { file, status: "waiting", batch: number, text: answer ?? status ?? "" };
  }
}
