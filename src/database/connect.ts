import { setTimeout as sleep } from "node:timers/promises";
import { type IsolationLevel, Kysely, PostgresDialect, sql } from "kysely";
import { Pool } from "pg";
import { SmkiError } from "../errors/smki-error.ts";
import { type ConnectionConfig, clientConfig, requireServerVersion } from "./connection.ts";
import { databaseFailure, isRetryable } from "./failures.ts";
import { type Health, readHealth } from "./health.ts";
import { type Handler, Listener, type Subscription } from "./listen.ts";
import { prepared, prepareMarked } from "./prepared.ts";
import { type LockSession, openLockSession } from "./session-lock.ts";
import type { NoTables, Tx } from "./transaction.ts";

export type { ConnectionConfig } from "./connection.ts";
export type { Health } from "./health.ts";
export type { Subscription } from "./listen.ts";
export type { LockSession } from "./session-lock.ts";

/** How a transaction sees others; PostgreSQL's manual, 13.2. */
export interface TransactionOptions {
  /** Default: read committed. */
  readonly isolation?: IsolationLevel;
}

/** The database, as every duty meets it. Safe for concurrent use. */
export interface Database {
  /**
   * Runs `work` in one transaction: what it did is durable when the promise resolves, and undone when it
   * rejects. After a serialization failure or a deadlock `work` runs again, a few times; so it must change
   * nothing but the database.
   *
   * @throws SmkiError DATABASE_BUSY, DATABASE_DISK_FULL, DATABASE_UNAVAILABLE, DATABASE_STOPPING,
   *   DATABASE_FAILED (its cause says which); and whatever `work` throws.
   *   When the connection is lost during the commit itself, DATABASE_UNAVAILABLE leaves open whether it took place.
   */
  transaction<Result>(work: (tx: Tx) => Promise<Result>, options?: TransactionOptions): Promise<Result>;
  /**
   * Runs `work` on one connection that cannot write. Each statement sees what is committed when it starts,
   * at the cost of one round trip; with `snapshot` all see the same moment.
   */
  read<Result>(work: (tx: Tx) => Promise<Result>, options?: { readonly snapshot?: boolean }): Promise<Result>;
  /** Runs `work` while holding a lock of the whole database, waiting for it first. */
  withSessionLock<Result>(key: bigint, work: (lost: AbortSignal) => Promise<Result>): Promise<Result>;
  /** As `withSessionLock`, but does not wait: undefined when another holds the lock. */
  tryWithSessionLock<Result>(
    key: bigint,
    work: (lost: AbortSignal) => Promise<Result>,
  ): Promise<{ readonly result: Result } | undefined>;
  /** A connection that can hold many locks, for a worker that claims chunk after chunk. */
  openLockSession(): Promise<LockSession>;
  /**
   * Calls `handler` for each notification, and with undefined after each reconnection, when some may have
   * been missed. Resolves when listening.
   */
  listen(channel: string, handler: Handler): Promise<Subscription>;
  checkHealth(): Promise<Health>;
  /** Ends every connection, after the work that uses them. */
  close(): Promise<void>;
}

/** How many connections, and under which name they appear in `pg_stat_activity`. */
export interface ConnectOptions {
  readonly applicationName: string;
  /** Greatest number of transactions at once; as many reads may run beside them. */
  readonly poolSize: number;
  /**
   * Longest that a statement of `read` may take, in milliseconds; it then fails with DATABASE_READ_TOO_LONG.
   * For a process that answers strangers: no question of theirs may keep a connection for ever. Default: no limit.
   */
  readonly longestRead?: number;
}

const attempts = 6;

/** Waits 5 to 10 ms after the first failure, twice as long after each further one, so that rivals part. */
const backOff = (attempt: number): Promise<void> => sleep(5 * 2 ** attempt * (1 + Math.random()));

function makePool(config: ConnectionConfig, options: ConnectOptions, readOnly: boolean): Pool {
  const usual = clientConfig(config, options.applicationName);
  const pool = new Pool({
    ...usual,
    ...(readOnly ? { options: `${usual.options ?? ""} -c default_transaction_read_only=on` } : {}),
    ...(readOnly && options.longestRead !== undefined ? { statement_timeout: options.longestRead } : {}),
    max: options.poolSize,
    // Statements that are asked for at once go out at once; they are carried out in their order all the same.
    pipeline: true,
    verify: (client, done) => {
      requireServerVersion(client).then(
        () => {
          done();
        },
        (error: unknown) => {
          done(error as Error);
        },
      );
    },
  });
  const ignore = () => undefined;
  // A connection that is lost is reported by the next statement on it; an unheard "error" ends the process.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  pool.on("connect", prepareMarked);
  return pool;
}

/**
 * Prepares connections; none is made before the first use. A server older than PostgreSQL 15 is refused then.
 * The server must be reached directly: session locks and LISTEN do not pass a pooler in transaction mode.
 *
 * @throws SmkiError DATABASE_URL_INVALID
 */
export function connect(config: ConnectionConfig, options: ConnectOptions): Database {
  const pools = [makePool(config, options, false), makePool(config, options, true)] as const;
  const [writing, reading] = pools.map(
    (pool) => new Kysely<NoTables>({ dialect: new PostgresDialect({ pool }) }),
  ) as [Kysely<NoTables>, Kysely<NoTables>];
  const listener = new Listener(config, `${options.applicationName} listen`);
  const openSession = () => openLockSession(config, `${options.applicationName} lock`);

  async function coded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw databaseFailure(error);
    }
  }

  async function transaction<Result>(
    work: (tx: Tx) => Promise<Result>,
    transactionOptions: TransactionOptions = {},
  ): Promise<Result> {
    const builder = writing.transaction().setIsolationLevel(transactionOptions.isolation ?? "read committed");
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await builder.execute(work);
      } catch (error) {
        if (!isRetryable(error)) throw databaseFailure(error);
        if (attempt + 1 === attempts) throw new SmkiError("DATABASE_BUSY", { attempts }, { cause: error });
        await backOff(attempt);
      }
    }
  }

  return {
    transaction,
    read: (work, readOptions = {}) =>
      coded(() =>
        readOptions.snapshot === true
          ? reading
              .transaction()
              .setIsolationLevel("repeatable read")
              .setAccessMode("read only")
              .execute(work)
          : // Not a transaction to Kysely, but the same to a store: one connection, and its tables.
            reading.connection().execute((connection) => work(connection as unknown as Tx)),
      ),
    withSessionLock: async (key, work) => {
      const session = await coded(openSession);
      try {
        await session.lock(key);
        return await work(session.lost);
      } finally {
        await session.close();
      }
    },
    tryWithSessionLock: async (key, work) => {
      const session = await coded(openSession);
      try {
        return (await session.tryLock(key)) ? { result: await work(session.lost) } : undefined;
      } finally {
        await session.close();
      }
    },
    openLockSession: () => coded(openSession),
    listen: (channel, handler) => coded(() => listener.subscribe(channel, handler)),
    checkHealth: () => coded(() => readHealth(writing)),
    close: async () => {
      await listener.close();
      await Promise.all([writing.destroy(), reading.destroy()]);
    },
  };
}

/** Sends notifications when, and only when, the transaction commits. At most 8,000 octets of payload each. */
export async function notify(tx: Tx, channel: string, ...payloads: readonly string[]): Promise<void> {
  if (payloads.length === 0) return;
  await sql`${prepared} select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) payload`.execute(
    tx,
  );
}
