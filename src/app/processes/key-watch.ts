import type { ErrorCode } from "../../errors/catalogue.ts";
import { isSmkiError } from "../../errors/smki-error.ts";

/** The key store, or the session with it, is away: only opening it again can help. */
const storeIsAway: ReadonlySet<ErrorCode> = new Set([
  "KEY_STORE_UNAVAILABLE",
  "KEY_STORE_CLOSED",
  "KEY_TOKEN_FAILED",
  "KEY_TOKEN_NOT_FOUND",
] as const);

/** True for a failure that ends when the token or the file is there again, without anybody's doing here. */
export function isKeyStoreOutage(error: unknown): boolean {
  return isSmkiError(error) && storeIsAway.has(error.code);
}

const usualPatience = 3_000;
/** Failures further apart than the longest pause between two attempts are two troubles, not one. */
const apart = 15_000;

/**
 * Tells when a key store is away for good. A token session that was lost never comes back by itself, and a PKCS #11
 * module is best begun again in a new process: the worker ends with the failure, and its supervisor starts another.
 */
export class KeyWatch {
  readonly #patience: number;
  readonly #now: () => number;
  readonly #lost = Promise.withResolvers<undefined>();
  #first: number | undefined;
  #latest = 0;

  /**
   * @param patience - how long failures may go on, in milliseconds
   * @param now - a clock that never goes back, in milliseconds
   */
  constructor(patience = usualPatience, now = () => performance.now()) {
    this.#patience = patience;
    this.#now = now;
    this.#lost.promise.catch(() => undefined);
  }

  /** A signature was made. */
  signed(): void {
    this.#first = undefined;
  }

  /** Something failed; what is no key store's failure is not looked at. */
  failed(error: unknown): void {
    if (!isKeyStoreOutage(error)) return;
    const now = this.#now();
    if (this.#first === undefined || now - this.#latest > apart) this.#first = now;
    this.#latest = now;
    if (now - this.#first >= this.#patience) this.#lost.reject(error);
  }

  /** Resolves at `stop`. @throws the failure, once it has gone on for too long */
  async untilLost(stop: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<undefined>();
    const onStop = () => {
      stopped.resolve(undefined);
    };
    stop.addEventListener("abort", onStop);
    if (stop.aborted) onStop();
    try {
      await Promise.race([stopped.promise, this.#lost.promise]);
    } finally {
      stop.removeEventListener("abort", onStop);
    }
  }
}
