import type { FastifyReply } from "fastify";
import type { Database } from "../../../database/connect.ts";
import { recordSent } from "../../../issuance/batch-status.ts";
import type { Clock } from "../../../time/clock.ts";

const flushEvery = 1_000;

/**
 * Keeps when answers were sent, and records them together every second: a transaction of its own for each would cost as
 * much as the answer. For those of the last second before a kill, the moment counts at which they could be sent.
 */
export class SentTimes {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #sent: { batchId: number; at: Date }[] = [];

  constructor(database: Database, clock: Clock, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#timer = setInterval(() => void this.flush(), flushEvery).unref();
  }

  /** Takes the moment at which this answer has been handed to the system whole. */
  note(batchId: number, { raw }: FastifyReply): void {
    raw.once("finish", () => {
      this.#sent.push({ batchId, at: this.#clock() });
    });
  }

  async flush(): Promise<void> {
    const sent = this.#sent;
    if (sent.length === 0) return;
    this.#sent = [];
    await this.#database.transaction((tx) => recordSent(tx, sent)).catch(this.#onFailure);
  }

  /** Records what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
