import { setTimeout as sleep } from "node:timers/promises";
import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import type { LockSession } from "../database/connect.ts";
import { requestsChannel } from "./receive.ts";
import { selectOpenChunks } from "./request-store.ts";
import { type ChunkResult, workChunk } from "./work-chunk.ts";

/** What a worker tells of its work; the app logs it. */
export interface IssuanceEvents {
  readonly onChunk?: (chunkId: number, result: ChunkResult) => void;
  readonly onFailure?: (error: unknown) => void;
}

/** Chunks that one worker has under way: while one waits for the database, another uses the processor. */
const chunksAtOnce = 2;
/** Chunks looked at in one go; others are working down the same list. */
const lookAhead = 64;
/** A worker looks by itself this often: a notification may be lost with a connection, and waiting chunks have none. */
const pollMilliseconds = 1_000;
const pauseAfterFailureMilliseconds = 500;

/** The advisory lock of a chunk: the name space 'smki' in the high half, the chunk in the low. */
const chunkLock = (chunkId: number): bigint => (0x736d_6b69n << 32n) | BigInt(chunkId);

/**
 * Works on chunks until `stop` is aborted, then finishes those it has begun. A worker that is killed loses
 * its locks with its connection, and any other goes on from where its chunks stand.
 */
export async function runIssuance(
  authority: IssuingAuthority,
  stop: AbortSignal,
  events: IssuanceEvents = {},
): Promise<void> {
  while (!stop.aborted)
    try {
      await workWhileConnected(authority, stop, events);
    } catch (error) {
      // The database or the key store is away. Nothing is lost: every chunk stands where its rows say.
      events.onFailure?.(error);
      await sleep(pauseAfterFailureMilliseconds, undefined, { signal: stop }).catch(() => undefined);
    }
}

async function workWhileConnected(authority: IssuingAuthority, stop: AbortSignal, events: IssuanceEvents) {
  const session = await authority.database.openLockSession();
  const bell = new Bell(stop);
  const listening = await authority.database.listen(requestsChannel, () => {
    bell.ring();
  });
  try {
    const claimed = new Set<number>();
    const lane = async () => {
      while (!stop.aborted) {
        session.lost.throwIfAborted();
        const result = await workNext(authority, session, claimed, events);
        if (result !== "worked") await bell.wait(pollMilliseconds);
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: chunksAtOnce }, lane));
    const failed = lanes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } finally {
    await listening.stop();
    await session.close();
  }
}

async function workNext(
  authority: IssuingAuthority,
  session: LockSession,
  claimed: Set<number>,
  events: IssuanceEvents,
): Promise<"worked" | "nothing"> {
  const open = await authority.database.read((tx) => selectOpenChunks(tx, lookAhead));
  for (const chunkId of open) {
    // A session gets its own lock twice, so that the lanes of one worker must keep apart themselves.
    if (claimed.has(chunkId)) continue;
    claimed.add(chunkId);
    try {
      if (!(await session.tryLock(chunkLock(chunkId)))) continue;
      try {
        const result = await workChunk(authority, chunkId);
        events.onChunk?.(chunkId, result);
        if (result !== "waiting") return "worked";
      } finally {
        await session.unlock(chunkLock(chunkId));
      }
    } finally {
      claimed.delete(chunkId);
    }
  }
  return "nothing";
}

/** Wakes those who wait when there may be work. */
class Bell {
  readonly #stop: AbortSignal;
  #rung = Promise.withResolvers<void>();

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", () => {
      this.ring();
    });
  }

  ring(): void {
    this.#rung.resolve();
    this.#rung = Promise.withResolvers();
  }

  async wait(milliseconds: number): Promise<void> {
    if (this.#stop.aborted) return;
    const timer = new AbortController();
    await Promise.race([
      this.#rung.promise,
      sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }
}
