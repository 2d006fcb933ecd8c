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
  /** As `tryLock`, for many in one statement. @returns for each key, in their order, whether the lock is now ours */
  tryLockAll(keys: readonly bigint[]): Promise<boolean[]>;
  unlockAll(keys: readonly bigint[]): Promise<void>;
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

  const call = async (name: string, key: bigint) => (await callAll(name, [key]))[0] === true;

  // One statement at a time is all that a connection can do: whoever comes meanwhile waits for its turn.
  let before: Promise<unknown> = Promise.resolve();
  function callAll(name: string, keys: readonly bigint[]): Promise<boolean[]> {
    const answer = before.then(() => callNow(name, keys));
    before = answer.catch(() => undefined);
    return answer;
  }

  async function callNow(name: string, keys: readonly bigint[]): Promise<boolean[]> {
    try {
      // Named, so that the connection prepares it once.
      const { rows } = await client.query<{ done: boolean | string }>({
        name,
        text: `select ${name}(key) as done from unnest($1::bigint[]) with ordinality as asked (key, place) order by place`,
        values: [keys.map(String)],
      });
      return rows.map(({ done }) => done === true);
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
    tryLockAll: (keys) => callAll("pg_try_advisory_lock", keys),
    unlockAll: async (keys) => {
      await callAll("pg_advisory_unlock", keys);
    },
    lost: lost.signal,
    close: async () => {
      closing = true;
      // A connection that is already gone has nothing left to give back.
      await client.end().catch(() => undefined);
    },
  };
}
