import type { Database } from "../database/connect.ts";
import { recordSent } from "./batch-status.ts";

const everyMilliseconds = 1_000;
/** So many in one statement; and while the database is away, the oldest of more are let go. */
const atOnce = 10_000;

/**
 * Keeps in mind when answers to single CSRs went out, and stores it each second, many in one statement: an answer
 * waits for nothing of this. What a killed process had in mind is lost; the moment at which the certificate could be
 * fetched then counts as its sending, which is a little before.
 */
export class SentTimes {
  readonly #database: Database;
  #sent: { readonly batchId: number; readonly at: Date }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The answer to a CSR has gone out whole. @param batchId - its batch of one */
  note(batchId: number, at: Date): void {
    this.#sent.push({ batchId, at });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.store();
    }, everyMilliseconds);
  }

  /** Stores what is there; before the process ends, too. Never fails: what could not be stored waits for the next note. */
  async store(): Promise<void> {
    const sent = this.#sent.slice(-atOnce);
    this.#sent = [];
    if (sent.length === 0) return;
    try {
      await this.#database.transaction((tx) => recordSent(tx, sent));
    } catch {
      this.#sent = [...sent, ...this.#sent];
    }
  }
}
