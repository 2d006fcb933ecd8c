import type { Handle, PKCS11 } from "pkcs11js";
import type { SigningScheme } from "./signature.ts";

/** One session of the pool, with what its call under way reads and writes. */
interface Lane {
  readonly session: Handle;
  /**
   * The octets that the thread pool is reading. pkcs11js keeps only their address, so something must keep the
   * buffer itself until the call has ended, or the collector may free it underneath.
   */
  input: Buffer | undefined;
  readonly scratch: Buffer;
}

/** No signature here is longer than that of RSA 4096. */
export const LONGEST_SIGNATURE = 512;

/** Sessions that sign on the thread pool: a PKCS #11 session carries one operation at a time (section 5.1.4). */
export class SigningPool {
  readonly #cryptoki: PKCS11;
  readonly #lanes: readonly Lane[];
  readonly #idle: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(cryptoki: PKCS11, sessions: readonly Handle[]) {
    this.#cryptoki = cryptoki;
    this.#lanes = sessions.map((session) => ({
      session,
      input: undefined,
      scratch: Buffer.alloc(LONGEST_SIGNATURE),
    }));
    this.#idle = [...this.#lanes];
  }

  /** Signs the messages on as many sessions as there are; answers in their order, or the first failure. */
  async signMany(
    privateKey: Handle,
    scheme: SigningScheme,
    messages: readonly Uint8Array[],
  ): Promise<Buffer[]> {
    const answers: Buffer[] = new Array<Buffer>(messages.length);
    const remaining = messages.entries();
    let hasFailed = false;
    const work = async (): Promise<void> => {
      for (const [index, message] of remaining) {
        if (hasFailed) return;
        try {
          answers[index] = await this.#sign(privateKey, scheme, message);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      }
    };
    // All settle before the first failure is told: none is left running behind the caller's back.
    const outcomes = await Promise.allSettled(this.#lanes.map(work));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return answers;
  }

  /** Waits for the calls under way, then closes the sessions. */
  async close(): Promise<void> {
    const lanes = await Promise.all(this.#lanes.map(() => this.#take()));
    for (const lane of lanes) this.#cryptoki.C_CloseSession(lane.session);
  }

  async #sign(privateKey: Handle, scheme: SigningScheme, message: Uint8Array): Promise<Buffer> {
    const lane = await this.#take();
    try {
      lane.input = scheme.input(message);
      this.#cryptoki.C_SignInit(lane.session, { mechanism: scheme.mechanism }, privateKey);
      return scheme.output(await this.#cryptoki.C_SignAsync(lane.session, lane.input, lane.scratch));
    } finally {
      lane.input = undefined;
      this.#give(lane);
    }
  }

  #take(): Promise<Lane> {
    const lane = this.#idle.pop();
    return lane === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(lane);
  }

  #give(lane: Lane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next(lane);
  }
}
