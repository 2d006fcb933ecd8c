import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import { addUsage, selectUsage, selectUsers } from "./access-store.ts";
import type { RepositoryInterface, RepositoryUser } from "./repository-user.ts";

const flushEvery = 5_000;

/**
 * Counts requests by user and interface in memory, and adds them to the database every few seconds: a row that each
 * request updated would have all requests of a busy user wait for each other. A process that is killed loses the
 * counts of those seconds, and nothing else.
 */
export class UsageCounter {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #counts = new Map<string, number>();

  constructor(database: Database, clock: Clock, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#timer = setInterval(() => void this.flush(), flushEvery).unref();
  }

  count({ id }: RepositoryUser, through: RepositoryInterface): void {
    const key = `${dayOf(this.#clock())} ${through} ${String(id)}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Adds what was counted. What the database did not take is added with the next. */
  async flush(): Promise<void> {
    const counts = this.#counts;
    if (counts.size === 0) return;
    this.#counts = new Map();
    const byDay = Map.groupBy(counts, ([key]) => key.slice(0, 10));
    try {
      await this.#database.transaction(async (tx) => {
        for (const [day, counted] of byDay) await addUsage(tx, day, counted.map(readCount));
      });
    } catch (error) {
      for (const [key, requests] of counts) this.#counts.set(key, (this.#counts.get(key) ?? 0) + requests);
      this.#onFailure(error);
    }
  }

  /** Adds what is left, and counts no more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}

function readCount([key, requests]: readonly [string, number]) {
  const [, through, userId] = key.split(" ");
  return { userId: Number(userId), interface: through as RepositoryInterface, requests };
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** What a user asked on a UTC day, beside what it may. */
export interface Usage {
  readonly user: RepositoryUser;
  readonly webService: number;
  /** Bulk files that it opened, by SFTP or HTTPS. */
  readonly fileTransfer: number;
  /** Requests of the web service that it may make in 24 hours: the share of its forecast; absent without a forecast. */
  readonly allowance?: number;
  readonly isAbove: boolean;
}

/** As {@link usageOf}, of one Party's users. */
export async function usageOfParty(
  tx: Tx,
  partyId: number,
  rules: Pick<Rulebook, "repositoryUsageAllowance">,
  now: Date,
): Promise<Usage[]> {
  return (await usageOf(tx, rules, now)).filter(({ user }) => user.partyId === partyId);
}

/**
 * Usage of each current user on the UTC day of `now`. Above its allowance a user is shown, and never refused (SMKI
 * Repository Code of Connection 4: the Service Desk may notify it). What is forecast of the file transfer is a day for full
 * extracts and no number of requests (Appendix A, Table 2), so that bulk files are shown and count for nothing.
 */
export async function usageOf(
  tx: Tx,
  rules: Pick<Rulebook, "repositoryUsageAllowance">,
  now: Date,
): Promise<Usage[]> {
  const counted = await selectUsage(tx, dayOf(now));
  return (await selectUsers(tx)).map((user) => {
    const of = (through: RepositoryInterface) =>
      counted.find((one) => one.userId === user.id && one.interface === through)?.requests ?? 0;
    const used = { webService: of("web-service"), fileTransfer: of("file-transfer") };
    if (user.forecastRequests === undefined) return { user, ...used, isAbove: false };
    const allowance = Math.floor((user.forecastRequests * rules.repositoryUsageAllowance.value) / 100);
    return { user, ...used, allowance, isAbove: used.webService > allowance };
  });
}
