import type { LockSession } from "../database/connect.ts";
import type { OpenChunk } from "./request-store.ts";

/** The advisory lock of whoever has the duty: the name space 'smks'. */
const dutyLock = 0x736d_6b73n << 32n;
/** From so many that wait on, the others help. */
const helpFrom = 32;
/** They help too when one has waited for so long: whoever has the duty is busy, hangs, or lacks a key. In milliseconds. */
const helpAfter = 250;

/**
 * Which of the workers of an estate takes single CSRs: those that wait at one time go through the pipeline together, and
 * two rounds of eight cost nearly twice what one of sixteen does. So one worker has the duty for as long as it lives, and
 * takes one round at a time; the others leave single CSRs to it unless it has too many. Nothing depends on it but speed.
 */
export class SinglesDuty {
  readonly #session: LockSession;
  #isOurs = false;
  #isUnderWay = false;
  #hasNews = false;

  /** @param session - with it the duty is lost, and free for others */
  constructor(session: LockSession) {
    this.#session = session;
  }

  /** Takes the duty if nobody has it. */
  async claim(): Promise<void> {
    this.#isOurs ||= await this.#session.tryLock(dutyLock);
  }

  /**
   * There is news of single CSRs.
   *
   * @returns whether somebody has to look now: not while a round is under way, behind which they are looked for anyway
   */
  hear(): boolean {
    if (this.#isUnderWay) this.#hasNews = true;
    return this.#isOurs && !this.#isUnderWay;
  }

  /**
   * Goes round with single CSRs, if that is for this worker, and for this lane of it.
   *
   * @param waiting - all that were found open
   */
  async goRound<Result>(
    waiting: readonly OpenChunk[],
    now: Date,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    await this.claim();
    if (!this.#isOurs && !needHelp(waiting, now)) return undefined;
    if (this.#isUnderWay) {
      this.#hasNews = true;
      return undefined;
    }
    this.#isUnderWay = true;
    this.#hasNews = false;
    try {
      return await work();
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** Whether there was news during the last round that nobody has looked for since; once. */
  takeNews(): boolean {
    if (this.#isUnderWay) return false;
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }
}

const needHelp = (waiting: readonly OpenChunk[], now: Date): boolean =>
  waiting.length >= helpFrom ||
  waiting.some(({ releasedAt }) => now.getTime() - releasedAt.getTime() >= helpAfter);
