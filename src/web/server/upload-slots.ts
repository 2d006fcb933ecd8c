import type { FastifyReply, preParsingAsyncHookHandler } from "fastify";
import { SmkiError } from "../../errors/smki-error.ts";
import { principalOf } from "./principal.ts";

/** One Party may have so large a share of the slots, so that there are some left for the others. */
const shareOfOne = 4;
/** What a client is told to wait before it tries again, in seconds. */
const retryAfter = 10;

interface Waiter {
  readonly owner: number;
  readonly begin: () => void;
}

/**
 * How many uploads one web process takes in at once. Each takes memory or room on a disk for as long as its client likes to
 * send: without a limit, as many connections as there may be would be as many bodies.
 */
export class UploadSlots {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #underWay = new Map<number, number>();
  #all = 0;
  readonly #waiting = new Set<Waiter>();

  /** @param most - at least 1 */
  constructor(most: number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most / shareOfOne);
  }

  /**
   * Takes a slot at once.
   *
   * @param owner - the Party
   * @returns to be called at the end of the upload, once or more
   * @throws SmkiError UPLOADS_TOO_MANY
   */
  take(owner: number): () => void {
    if (!this.#hasRoom(owner)) throw new SmkiError("UPLOADS_TOO_MANY", { retryAfter });
    return this.#begin(owner);
  }

  /** Takes a slot when it is its turn; undefined when `gone` came first. */
  async wait(owner: number, gone: AbortSignal): Promise<(() => void) | undefined> {
    if (gone.aborted) return undefined;
    if (this.#hasRoom(owner)) return this.#begin(owner);
    const turn = Promise.withResolvers<(() => void) | undefined>();
    const waiter: Waiter = {
      owner,
      begin: () => {
        turn.resolve(this.#begin(owner));
      },
    };
    this.#waiting.add(waiter);
    gone.addEventListener("abort", () => {
      if (this.#waiting.delete(waiter)) turn.resolve(undefined);
    });
    return turn.promise;
  }

  #hasRoom(owner: number): boolean {
    return this.#all < this.#most && (this.#underWay.get(owner) ?? 0) < this.#mostOfOne;
  }

  #begin(owner: number): () => void {
    this.#all += 1;
    this.#underWay.set(owner, (this.#underWay.get(owner) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#end(owner);
    };
  }

  #end(owner: number): void {
    this.#all -= 1;
    const left = (this.#underWay.get(owner) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(owner);
    else this.#underWay.set(owner, left);
    // Who waits behind a Party that has its share goes before it.
    for (const waiter of this.#waiting)
      if (this.#hasRoom(waiter.owner)) {
        this.#waiting.delete(waiter);
        waiter.begin();
        return;
      }
  }
}

/**
 * For the `preParsing` of a route that takes a large body: before a single octet of it is read, and after it is known whose it
 * is. The slot is free again when the answer has gone out or the connection is closed.
 *
 * @param slots - undefined: no limit
 */
export function limitUploads(slots: UploadSlots | undefined): preParsingAsyncHookHandler {
  return async (request, reply, body) => {
    try {
      const release = slots?.take(principalOf(request).partyId);
      if (release !== undefined) onceClosed(reply, release);
    } catch (error) {
      void reply.header("retry-after", retryAfter);
      throw error;
    }
    return body;
  };
}

/**
 * As {@link limitUploads}, where the interface has no refusal for it: an upload waits for its turn, and its client with it.
 *
 * @throws SmkiError REQUEST_INVALID to nobody: the client has gone
 */
export function queueUploads(slots: UploadSlots | undefined): preParsingAsyncHookHandler {
  return async (request, reply, body) => {
    if (slots === undefined) return body;
    const gone = new AbortController();
    reply.raw.once("close", () => {
      gone.abort();
    });
    const release = await slots.wait(principalOf(request).partyId, gone.signal);
    if (release === undefined) throw new SmkiError("REQUEST_INVALID", { problem: "the client has gone" });
    onceClosed(reply, release);
    return body;
  };
}

/** Calls back when the answer has gone out or the connection is closed, which it may be already. */
function onceClosed({ raw }: FastifyReply, release: () => void): void {
  if (raw.closed || raw.destroyed) release();
  else raw.once("close", release);
}
