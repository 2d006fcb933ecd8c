import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";
import { syncFolder } from "./durable.ts";

/** A CSR as a batch has it: the name of its file, and the SHA-256 of its DER in hexadecimal. */
export type PlannedCsr = readonly [file: string, sha256: string];

/** What the client has done, one line each. Times are in ISO 8601. */
export type JournalEntry =
  | { readonly step: "opened"; readonly format: typeof journalFormat; readonly url: string }
  | {
      readonly step: "planned";
      readonly batch: number;
      /** The `ID` of the batch, for the Service Desk. */
      readonly reference: string;
      readonly csrs: readonly PlannedCsr[];
    }
  /** All but the last octets went out; from here on the service may have the batch. */
  | { readonly step: "sending"; readonly batch: number; readonly at: string }
  /** A person says that it did not arrive. */
  | { readonly step: "resend"; readonly batch: number; readonly at: string }
  | { readonly step: "submitted"; readonly batch: number; readonly batchId: string; readonly at: string }
  | { readonly step: "refused"; readonly batch: number; readonly answer: string }
  | { readonly step: "polled"; readonly batch: number; readonly status: string; readonly at: string }
  /** The whole answer lies beside the journal: it need not be asked for again, and Appendix N says not to. */
  | { readonly step: "fetched"; readonly batch: number; readonly at: string };

export const journalFormat = "smki client 1";

/**
 * What the client has done, in a file that survives it. An entry is durable when `append` returns; a line that was cut
 * off was never relied on, and is dropped.
 */
export class Journal {
  readonly entries: JournalEntry[];
  readonly #descriptor: number;

  /** @throws SmkiError CLIENT_JOURNAL_UNUSABLE */
  constructor(file: string) {
    const text = readIfThere(file);
    const whole = text.subarray(0, text.lastIndexOf(0x0a) + 1);
    this.entries = readEntries(file, whole.toString());
    this.#descriptor = openSync(file, "a", 0o600);
    ftruncateSync(this.#descriptor, whole.length);
    fsyncSync(this.#descriptor);
    syncFolder(dirname(file));
  }

  append(entry: JournalEntry): void {
    // One line, in as many writes as it takes; the line end comes last.
    writeFileSync(this.#descriptor, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#descriptor);
    this.entries.push(entry);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code: reason = "unknown" } = cause as NodeJS.ErrnoException;
    if (reason === "ENOENT") return Buffer.alloc(0);
    throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
  }
}

function readEntries(file: string, text: string): JournalEntry[] {
  const lines = text.split("\n").slice(0, -1);
  const entries = lines.map((line, index) => {
    try {
      return JSON.parse(line) as JournalEntry;
    } catch (cause) {
      throw new SmkiError("CLIENT_JOURNAL_UNUSABLE", { file, line: index + 1 }, { cause });
    }
  });
  const [first] = entries;
  if (first !== undefined && (first.step !== "opened" || (first.format as string) !== journalFormat))
    throw new SmkiError("CLIENT_JOURNAL_UNUSABLE", { file, line: 1 });
  return entries;
}
