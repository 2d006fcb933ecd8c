import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { before, milliseconds, type Rulebook } from "../rulebook/index.ts";
import type { Clock } from "../time/clock.ts";
import { addResponses, type CountedResponses, selectResponses } from "./response-store.ts";

/** Through which of its interfaces the repository was asked. */
export type MeasuredInterface = "web-service" | "json-api" | "lists";

const flushEvery = 5_000;

type Target = Pick<Rulebook, "repositoryDocumentTarget">;

/**
 * Keeps how long answers of the repository took, by minute and interface, beside the target that was in force (SEC
 * L8.4). Counted in memory and added every few seconds; a process that is killed loses those seconds.
 */
export class ResponseTimes {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #target: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #counted = new Map<string, CountedResponses>();

  constructor(database: Database, clock: Clock, rules: Target, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#target = milliseconds(rules.repositoryDocumentTarget);
    this.#onFailure = onFailure;
    this.#timer = setInterval(() => void this.flush(), flushEvery).unref();
  }

  /**
   * @param took - milliseconds from the request's arrival to the moment when its answer was ready to be sent
   * @param hasFailed - the service failed, so that the target was not met however soon that was told
   */
  note(through: MeasuredInterface, took: number, hasFailed: boolean): void {
    const minute = new Date(Math.floor(this.#clock().getTime() / 60_000) * 60_000);
    this.#add({
      minute,
      interface: through,
      target: this.#target,
      requests: 1,
      within: !hasFailed && took <= this.#target ? 1 : 0,
      failed: hasFailed ? 1 : 0,
      total: Math.round(took),
      slowest: Math.round(took),
    });
  }

  #add(more: CountedResponses): void {
    const key = `${String(more.minute.getTime())} ${more.interface}`;
    const known = this.#counted.get(key);
    this.#counted.set(key, known === undefined ? more : together(known, more));
  }

  /** Adds what was counted. What the database did not take is added with the next. */
  async flush(): Promise<void> {
    const counted = this.#counted;
    if (counted.size === 0) return;
    this.#counted = new Map();
    try {
      await this.#database.transaction((tx) => addResponses(tx, [...counted.values()]));
    } catch (error) {
      for (const each of counted.values()) this.#add(each);
      this.#onFailure(error);
    }
  }

  /** Adds what is left, and counts no more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}

const together = (one: CountedResponses, other: CountedResponses): CountedResponses => ({
  ...one,
  requests: one.requests + other.requests,
  within: one.within + other.within,
  failed: one.failed + other.failed,
  total: one.total + other.total,
  slowest: Math.max(one.slowest, other.slowest),
});

/** How one interface answered over a time. */
export interface ResponseLevel {
  readonly interface: MeasuredInterface;
  readonly requests: number;
  /** Share of the requests that were answered within their target, in percent. */
  readonly withinTarget: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly mean: number;
  readonly slowest: number;
}

/** How each interface that was asked answered in the last 24 hours. */
export async function responseLevels(tx: Tx, now: Date): Promise<ResponseLevel[]> {
  const since = before(now, { value: 24, unit: "hours" });
  return (await selectResponses(tx, since)).map((counted) => ({
    interface: counted.interface,
    requests: counted.requests,
    withinTarget: (100 * counted.within) / counted.requests,
    failed: counted.failed,
    mean: counted.total / counted.requests,
    slowest: counted.slowest,
  }));
}
