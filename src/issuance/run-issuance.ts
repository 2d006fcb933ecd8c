import { setTimeout as sleep } from "node:timers/promises";
import type { CertificateKind } from "../authorities/authority.ts";
import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import type { LockSession } from "../database/connect.ts";
import type { ProcessingWindow } from "../rulebook/index.ts";
import { Bell } from "./bell.ts";
import { meaningOf } from "./chunk-fault.ts";
import { approvedBatches, type ParseResult, type ParsingStep, parseBatch } from "./parse-batch.ts";
import { isOpen } from "./processing-window.ts";
import { requestsChannel, singlesNews } from "./receive.ts";
import { type OpenChunk, selectOpenChunks } from "./request-store.ts";
import { SinglesDuty } from "./singles-duty.ts";
import type { ChunkResult } from "./work-chunk.ts";
import { workTogether } from "./work-together.ts";

/** When a worker works, and what it tells of that; the app logs it. */
export interface IssuanceOptions {
  /** Outside it no chunk of a Batched CSR is begun; one that is under way is finished. None: always open. */
  readonly window?: ProcessingWindow | undefined;
  readonly onChunk?: (chunkId: number, result: ChunkResult) => void;
  readonly onBatch?: (batchId: number, result: ParseResult) => void;
  /** For tests that stop the check of a batch on purpose. */
  readonly afterParsingStep?: (step: ParsingStep) => void | Promise<void>;
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Chunks that one worker has under way: while one waits for the database, another uses the processor. The first
 * takes single CSRs before batches, since someone waits for the answer (SEC L8.1); the second takes the oldest,
 * so that a flood of single CSRs holds no batch up for ever. A third lane checks batches that were approved.
 */
const lanes = [{ singleFirst: true }, { singleFirst: false }] as const;
/** Chunks looked at in one go; others are working down the same list. So many single CSRs are worked on together. */
const lookAhead = 64;
/** A worker looks by itself this often: a notification may be lost with a connection, and waiting chunks have none. */
const pollMilliseconds = 1_000;
const pauseAfterFailureMilliseconds = 500;
/** A chunk whose CA has no key in the store is passed over for so long: others have their turn. */
const setAsideMilliseconds = 5_000;

/** The advisory lock of a chunk: the name space 'smki' in the high half, the chunk in the low. */
const chunkLock = (chunkId: number): bigint => (0x736d_6b69n << 32n) | BigInt(chunkId);
/** That of a batch that is being checked: the name space 'smkb'. */
const batchLock = (batchId: number): bigint => (0x736d_6b62n << 32n) | BigInt(batchId);

/**
 * Works on chunks until `stop` is aborted, then finishes those it has begun. A worker that is killed loses
 * its locks with its connection, and any other goes on from where its chunks stand.
 */
export async function runIssuance(
  authority: IssuingAuthority,
  stop: AbortSignal,
  events: IssuanceOptions = {},
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

async function workWhileConnected(authority: IssuingAuthority, stop: AbortSignal, events: IssuanceOptions) {
  const session = await authority.database.openLockSession();
  const bells = { chunks: new Bell(stop), batches: new Bell(stop) };
  const desk: Desk = {
    ...{ authority, session, events, claimed: new Set(), aside: new Map(), asideBatches: new Map() },
    singles: new SinglesDuty(session),
  };
  try {
    await desk.singles.claim();
    const listening = await authority.database.listen(requestsChannel, (payload) => {
      if (payload === singlesNews) {
        if (desk.singles.hear()) bells.chunks.ringForOne();
        return;
      }
      bells.chunks.ring();
      bells.batches.ring();
    });
    try {
      await workLanes(desk, bells, stop);
    } finally {
      await listening.stop();
    }
  } finally {
    bells.chunks.close();
    bells.batches.close();
    await session.close();
  }
}

async function workLanes(
  desk: Desk,
  bells: { readonly chunks: Bell; readonly batches: Bell },
  stop: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const work = async (bell: Bell, workOnce: () => Promise<boolean>) => {
    try {
      while (!stop.aborted && !failed.signal.aborted) {
        desk.session.lost.throwIfAborted();
        // Asked for before the look: a ring during it, for a request that the look came too early for, still counts.
        const nextRing = bell.nextRing();
        if (!(await workOnce())) await bell.wait(nextRing, pollMilliseconds);
      }
    } catch (error) {
      // The other one ends too, after the chunk that it has: both begin again with a new connection.
      failed.abort(error);
      bells.chunks.ring();
      bells.batches.ring();
    }
  };
  await Promise.all([
    ...lanes.map(({ singleFirst }) => work(bells.chunks, () => workNext(desk, singleFirst))),
    work(bells.batches, () => parseNext(desk)),
  ]);
  failed.signal.throwIfAborted();
}

/** What the lanes of one worker share. */
interface Desk {
  readonly authority: IssuingAuthority;
  readonly session: LockSession;
  readonly events: IssuanceOptions;
  readonly claimed: Set<number>;
  /** Chunks that wait for the key of their CA, and until when (performance.now()) they are passed over. */
  readonly aside: Map<number, number>;
  /** Batches whose check failed, likewise. */
  readonly asideBatches: Map<number, number>;
  readonly singles: SinglesDuty;
}

/** Checks the first approved batch that nobody has. @returns false when there is none */
async function parseNext({ authority, session, events, asideBatches }: Desk): Promise<boolean> {
  forget(asideBatches);
  for (const batchId of await approvedBatches(authority.database)) {
    if (asideBatches.has(batchId) || !(await session.tryLock(batchLock(batchId)))) continue;
    try {
      const result = await parseBatch({ ...authority, ...events }, batchId);
      if (result === "gone") continue;
      events.onBatch?.(batchId, result);
      return true;
    } catch (error) {
      // A fault of this one batch: it stays approved, is tried again, and keeps no other from its check.
      if (meaningOf(error) === "outage") throw error;
      events.onFailure?.(error);
      asideBatches.set(batchId, performance.now() + setAsideMilliseconds);
    } finally {
      await session.unlock(batchLock(batchId));
    }
  }
  return false;
}

/** Works on the first open chunk that nobody has, or on the single CSRs among them. @returns false when there is none to work on */
async function workNext(desk: Desk, singleFirst: boolean): Promise<boolean> {
  const without: CertificateKind[] = [];
  for (;;) {
    const outcome = await workFirst(desk, await lookForOpen(desk, singleFirst, without));
    if (outcome === "worked") return true;
    if (outcome === "nothing") return false;
    // No CA has room for this kind: what came after it waits too, and is not checked over and over. Other kinds go on.
    without.push(outcome.waiting);
  }
}

async function lookForOpen(
  desk: Desk,
  singleFirst: boolean,
  without: readonly CertificateKind[],
): Promise<readonly OpenChunk[]> {
  const { database, clock } = desk.authority;
  const isShut = !isOpen(desk.events.window, clock());
  const common = { limit: lookAhead, isShut, without, aside: stillAside(desk) };
  const look = (single: boolean) => database.read((tx) => selectOpenChunks(tx, { ...common, single }));
  const open = await look(false);
  if (!singleFirst) return open;
  // When nobody has the duty any more, news of single CSRs wakes nobody.
  await desk.singles.claim();
  // The oldest are all there are, or single CSRs may have come behind them.
  const singles = open.length < lookAhead ? open.filter(({ isSingle }) => isSingle) : await look(true);
  return [...singles, ...open.filter(({ isSingle }) => !isSingle)];
}

function stillAside({ aside }: Desk): number[] {
  forget(aside);
  return [...aside.keys()];
}

/** Forgets those whose time aside is over. */
function forget(aside: Map<number, number>): void {
  const now = performance.now();
  for (const [id, until] of aside) if (until <= now) aside.delete(id);
}

async function workFirst(
  desk: Desk,
  open: readonly OpenChunk[],
): Promise<"worked" | "nothing" | { waiting: CertificateKind }> {
  for (const together of inGroups(open)) {
    const results = await workOnGroup(desk, together);
    for (const [id, result] of results)
      if (result === "without-key") desk.aside.set(id, performance.now() + setAsideMilliseconds);
    const [first] = together;
    if (first !== undefined && [...results.values()].includes("waiting")) return { waiting: first.kind };
    if (results.size > 0) return "worked";
  }
  // Others have what there was; what came meanwhile, nobody may have seen.
  return desk.singles.takeNews() ? "worked" : "nothing";
}

async function workOnGroup(
  desk: Desk,
  together: readonly OpenChunk[],
): Promise<ReadonlyMap<number, ChunkResult>> {
  const ids = together.map(({ id }) => id);
  if (together[0]?.isSingle !== true) return workOnFree(desk, ids);
  const round = await desk.singles.goRound(together, desk.authority.clock(), () => workOnFree(desk, ids));
  return round ?? new Map();
}

/** Chunks as they are worked on, in their order: single CSRs of one kind together with the first of them, others alone. */
function inGroups(open: readonly OpenChunk[]): OpenChunk[][] {
  const groups = Map.groupBy(open, ({ id, kind, isSingle }) => (isSingle ? kind : id));
  return [...groups.values()];
}

/** Works on those chunks that nobody has. @returns what was made of each; of none when others have them all */
async function workOnFree(
  { authority, session, events, claimed }: Desk,
  chunkIds: readonly number[],
): Promise<ReadonlyMap<number, ChunkResult>> {
  // A session gets its own lock twice, so that the lanes of one worker must keep apart themselves.
  const free = chunkIds.filter((id) => !claimed.has(id));
  if (free.length === 0) return new Map();
  for (const id of free) claimed.add(id);
  try {
    const locked = await session.tryLockAll(free.map(chunkLock));
    const ours = free.filter((_, index) => locked[index]);
    if (ours.length === 0) return new Map();
    try {
      const results = await workTogether(authority, ours, events.onFailure);
      for (const [id, result] of results) events.onChunk?.(id, result);
      return results;
    } finally {
      await session.unlockAll(ours.map(chunkLock));
    }
  } finally {
    for (const id of free) claimed.delete(id);
  }
}
