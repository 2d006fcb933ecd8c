import { setTimeout as sleep } from "node:timers/promises";

/** Wakes those who wait when there may be work. */
export class Bell {
  readonly #stop: AbortSignal;
  readonly #onStop = () => {
    this.ring();
  };
  #rung = Promise.withResolvers<undefined>();
  /** Those who wait, in the order in which they began to. */
  readonly #idle = new Set<() => void>();

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#onStop);
  }

  ring(): void {
    this.#rung.resolve(undefined);
    this.#rung = Promise.withResolvers();
  }

  /** Wakes one of those who wait; where nobody does, whoever is about to has missed nothing. */
  ringForOne(): void {
    const [wake] = this.#idle;
    if (wake === undefined) this.ring();
    else {
      this.#idle.delete(wake);
      wake();
    }
  }

  /** A worker that loses its connection often must not leave a listener each time. */
  close(): void {
    this.#stop.removeEventListener("abort", this.#onStop);
  }

  /** Resolves when the bell is rung after this moment. */
  nextRing(): Promise<undefined> {
    return this.#rung.promise;
  }

  async wait(nextRing: Promise<undefined>, milliseconds: number): Promise<void> {
    if (this.#stop.aborted) return;
    const timer = new AbortController();
    const wake = () => {
      timer.abort();
    };
    this.#idle.add(wake);
    await Promise.race([
      nextRing,
      sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    this.#idle.delete(wake);
    timer.abort();
  }
}
