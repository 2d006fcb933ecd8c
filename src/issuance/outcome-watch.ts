import { setTimeout as sleep } from "node:timers/promises";
import { certificateOctets } from "../authorities/certificates.ts";
import type { Database, Subscription } from "../database/connect.ts";
import { Gathering } from "../database/gathering.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import type { Outcome } from "./outcome.ts";
import { outcomesChannel } from "./receive.ts";
import { type SingleStanding, selectSingles } from "./request-store.ts";

/** What became of a single CSR. */
export interface SingleOutcome {
  readonly outcome: Outcome;
  /** DER; of one that was issued. */
  readonly certificate?: Buffer;
}

/** How long to wait for an outcome. */
export interface Patience {
  readonly milliseconds: number;
  /** Aborted when the service stops: nobody is held up then. */
  readonly stopping?: AbortSignal | undefined;
}

/** News may be lost with a connection; and a stopping service does not hold its clients up for longer, in milliseconds. */
const lookAtLeastEvery = 1_000;

/**
 * Where a process waits for what becomes of single CSRs: one subscription for all that wait, and one look at the database for
 * all that have news at about the same time.
 */
export class OutcomeWatch {
  readonly #database: Database;
  readonly #looks: Gathering<number, SingleStanding & { readonly certificate?: Buffer }>;
  readonly #waiting = new Map<number, Set<() => void>>();
  #subscription: Promise<Subscription> | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#looks = new Gathering((batchIds) => database.read((tx) => look(tx, batchIds)));
  }

  /**
   * Waits until a batch of one CSR is decided.
   *
   * @returns undefined when patience was over first, the service stops, or a person must look at it: the CSR is safe
   * @throws SmkiError BATCH_NOT_FOUND, for another Party's too
   */
  async outcomeOf(
    by: Principal,
    batchId: number,
    { milliseconds, stopping }: Patience,
  ): Promise<SingleOutcome | undefined> {
    const end = performance.now() + milliseconds;
    await this.#listen();
    for (;;) {
      const news = this.#newsOf(batchId);
      try {
        const { partyId, hasEnded, outcome, certificate } = await this.#looks.ask(batchId);
        if (by.kind === "credential" && by.partyId !== partyId)
          throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
        if (outcome !== undefined) return certificate === undefined ? { outcome } : { outcome, certificate };
        const left = end - performance.now();
        if (hasEnded || left <= 0 || stopping?.aborted === true) return undefined;
        await news.within(Math.min(left, lookAtLeastEvery));
      } finally {
        news.forget();
      }
    }
  }

  /** Resolves when the server has confirmed, so that nothing that is committed after it goes unheard. */
  async #listen(): Promise<void> {
    this.#subscription ??= this.#database.listen(outcomesChannel, (payload) => {
      // No payload: the connection was made anew, and the news may have been missed.
      const told = payload === undefined ? this.#waiting.values() : [this.#waiting.get(Number(payload))];
      for (const tellAll of told) for (const tell of tellAll ?? []) tell();
    });
    try {
      await this.#subscription;
    } catch (error) {
      this.#subscription = undefined;
      throw error;
    }
  }

  #newsOf(batchId: number): { within: (milliseconds: number) => Promise<void>; forget: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const tell = () => {
      resolve(undefined);
    };
    const tellAll = this.#waiting.get(batchId) ?? new Set();
    this.#waiting.set(batchId, tellAll.add(tell));
    return {
      within: async (milliseconds) => {
        const timer = new AbortController();
        await Promise.race([
          promise,
          sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined),
        ]);
        timer.abort();
      },
      forget: () => {
        tellAll.delete(tell);
        if (tellAll.size === 0) this.#waiting.delete(batchId);
      },
    };
  }
}

async function look(tx: Tx, batchIds: readonly number[]) {
  const standings = await selectSingles(tx, batchIds);
  const issued = [...standings.values()].flatMap(({ outcome }) =>
    outcome?.status === "issued" ? [outcome.serialNumber] : [],
  );
  const certificates = issued.length === 0 ? undefined : await certificateOctets(tx, issued);
  return batchIds.map((batchId) => {
    const standing = standings.get(batchId);
    if (standing === undefined) return new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
    const { outcome } = standing;
    if (outcome?.status !== "issued") return standing;
    const certificate = certificates?.get(outcome.serialNumber);
    if (certificate === undefined)
      return new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber: outcome.serialNumber });
    return { ...standing, certificate };
  });
}
