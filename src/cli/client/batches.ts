import { SmkiError } from "../../errors/smki-error.ts";
import type { JournalEntry, PlannedCsr } from "./journal.ts";

/**
 * Where a batch of the client stands. `planned`: nothing that could be a batch has reached the service; `unanswered`:
 * it may have; `refused`: it has, and did not take it; `ended`: REJECTED or TAMPERED, for ever.
 */
export type BatchState = "planned" | "unanswered" | "refused" | "submitted" | "ended" | "fetched";

/** A batch of the client, as its journal has it. */
export interface ClientBatch {
  readonly batch: number;
  readonly reference: string;
  readonly csrs: readonly PlannedCsr[];
  state: BatchState;
  /** The service's number for it. */
  batchId?: string;
  submittedAt?: Date;
  polledAt?: Date;
  /** The last BatchStatus that the service gave. */
  status?: string;
  /** What it was refused with. */
  answer?: string;
}

/** The batches that a journal tells of, in order. */
export function batchesOf(entries: readonly JournalEntry[]): ClientBatch[] {
  const batches: ClientBatch[] = [];
  for (const entry of entries) apply(batches, entry);
  return batches;
}

/** Brings what is known of the batches up to an entry. @throws SmkiError CLIENT_JOURNAL_UNUSABLE */
export function apply(batches: ClientBatch[], entry: JournalEntry): void {
  if (entry.step === "opened") return;
  if (entry.step === "planned") {
    const { batch, reference, csrs } = entry;
    batches.push({ batch, reference, csrs, state: "planned" });
    return;
  }
  const known = batches.find(({ batch }) => batch === entry.batch);
  if (known === undefined) throw new SmkiError("CLIENT_JOURNAL_UNUSABLE", { batch: entry.batch });
  Object.assign(known, changeOf(entry));
}

function changeOf(entry: Exclude<JournalEntry, { step: "opened" | "planned" }>): Partial<ClientBatch> {
  switch (entry.step) {
    case "sending":
      return { state: "unanswered", submittedAt: new Date(entry.at) };
    case "resend":
      return { state: "planned" };
    case "submitted":
      return { state: "submitted", batchId: entry.batchId, submittedAt: new Date(entry.at) };
    case "refused":
      return { state: "refused", answer: entry.answer };
    case "polled": {
      const isEnd = entry.status === "REJECTED" || entry.status === "TAMPERED";
      return { status: entry.status, polledAt: new Date(entry.at), ...(isEnd ? { state: "ended" } : {}) };
    }
    case "fetched":
      return { state: "fetched" };
  }
}

/**
 * The CSRs that go into new batches: those of no batch yet, of a batch that was refused whole, or to be tried again. A
 * file whose CSR was changed since counts as new.
 *
 * @param again - CSRs that were answered with a failure that may pass
 */
export function unsentCsrs(
  csrs: readonly PlannedCsr[],
  batches: readonly ClientBatch[],
  again: ReadonlySet<string> = new Set(),
): PlannedCsr[] {
  const held = new Set(
    batches.filter(({ state }) => state !== "refused").flatMap((batch) => batch.csrs.map(csrKey)),
  );
  return csrs.filter((csr) => !held.has(csrKey(csr)) || again.has(csrKey(csr)));
}

/** What a CSR is known by in a folder: its file and what that holds. */
export const csrKey = ([file, sha256]: PlannedCsr): string => `${sha256} ${file}`;

/** The `ID` of a CSR in its batch: an xs:ID, which the name of a file need not be. */
export const csrIdentifier = (place: number): string => `csr-${String(place + 1)}`;

/** Splits CSRs into batches of so many at the most (SEC L8.2). */
export function split<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
