import { SmkiError } from "../errors/smki-error.ts";
import { type ConnectionConfig, dedicatedClient } from "./connection.ts";
import { databaseFailure } from "./failures.ts";

/**
 * A connection that holds session advisory locks (PostgreSQL's manual, 13.3.5). The server drops them with
 * the connection, so a killed worker's claims are free at once.
 */
export interface LockSession {
  /** Waits for the lock. */
  lock(key: bigint): Promise<void>;
  /** True when the lock is now ours; a second time on one session is true too, and needs a second unlock. */
  tryLock(key: bigint): Promise<boolean>;
  unlock(key: bigint): Promise<void>;
  /** Aborted when the connection is lost, and with it every lock: stop, since others may have them now. */
  readonly lost: AbortSignal;
  /** Gives back every lock. */
  close(): Promise<void>;
}

/** Opens a connection for locks. The caller codes failures of opening. */
export async function openLockSession(
  config: ConnectionConfig,
  applicationName: string,
): Promise<LockSession> {
  const lost = new AbortController();
  let closing = false;
  const client = await dedicatedClient(config, applicationName, (cause) => {
    if (!closing) lost.abort(new SmkiError("DATABASE_UNAVAILABLE", {}, { cause }));
  });

  // One statement at a time is all that a connection can do: whoever comes meanwhile waits for its turn.
  let before: Promise<unknown> = Promise.resolve();
  function call(name: string, key: bigint): Promise<boolean> {
    const answer = before.then(() => callNow(name, key));
    before = answer.catch(() => undefined);
    return answer;
  }

  async function callNow(call: string, key: bigint): Promise<boolean> {
    try {
      const { rows } = await client.query<{ done: boolean | string }>(`select ${call}($1) as done`, [
        key.toString(),
      ]);
      return rows[0]?.done === true;
    } catch (error) {
      throw databaseFailure(error);
    }
  }

  return {
    lock: async (key) => {
      await call("pg_advisory_lock", key);
    },
    tryLock: (key) => call("pg_try_advisory_lock", key),
    unlock: async (key) => {
      await call("pg_advisory_unlock", key);
    },
    lost: lost.signal,
    close: async () => {
      closing = true;
      // A connection that is already gone has nothing left to give back.
      await client.end().catch(() => undefined);
    },
  };
}
