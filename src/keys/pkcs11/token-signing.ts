import type { Handle } from "pkcs11js";
import type { SigningMode } from "../settings.ts";
import { mapInSlices } from "../slices.ts";
import type { Session } from "./objects.ts";
import type { SigningScheme } from "./signature.ts";
import { LONGEST_SIGNATURE, SigningPool } from "./signing-pool.ts";

/**
 * A token slower than this gains from several sessions on the thread pool. SoftHSM2 takes 0.035 ms for a P-256
 * signature: called from this thread it gave 26,000 to 28,000 a second on one core, and from the pool 17,500 on two.
 */
const SLOW_TOKEN_MS = 1;

/** Signs with the keys of one token, in the way that suits it. */
export class TokenSigning {
  readonly #session: Session;
  readonly #mode: SigningMode;
  readonly #openSession: () => Handle;
  readonly #sessions: number;
  readonly #scratch = Buffer.alloc(LONGEST_SIGNATURE);
  #pool: SigningPool | undefined;

  /**
   * @param session - for blocking calls: one is begun and ended in one turn of the event loop, so callers never mix
   * @param openSession - opens one more session for the pool, when the pool is first needed
   * @param sessions - how many; more than the threads of the pool only wait
   */
  constructor(session: Session, mode: SigningMode, openSession: () => Handle, sessions: number) {
    this.#session = session;
    this.#mode = mode;
    this.#openSession = openSession;
    this.#sessions = sessions;
  }

  /** One signature, blocking. */
  signHere(privateKey: Handle, scheme: SigningScheme, message: Uint8Array): Buffer {
    const { cryptoki, handle } = this.#session;
    cryptoki.C_SignInit(handle, { mechanism: scheme.mechanism }, privateKey);
    return scheme.output(cryptoki.C_Sign(handle, scheme.input(message), this.#scratch));
  }

  async signMany(
    privateKey: Handle,
    scheme: SigningScheme,
    messages: readonly Uint8Array[],
  ): Promise<Buffer[]> {
    const signHere = (message: Uint8Array): Buffer => this.signHere(privateKey, scheme, message);
    if (this.#mode === "blocking") return mapInSlices(messages, signHere);
    const [first, ...others] = messages;
    if (first === undefined) return [];
    if (this.#mode === "pooled") return this.#pooled().signMany(privateKey, scheme, messages);
    const start = performance.now();
    const signature = signHere(first);
    const isSlow = performance.now() - start > SLOW_TOKEN_MS;
    const rest = isSlow ? this.#pooled().signMany(privateKey, scheme, others) : mapInSlices(others, signHere);
    return [signature, ...(await rest)];
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #pooled(): SigningPool {
    this.#pool ??= new SigningPool(
      this.#session.cryptoki,
      Array.from({ length: this.#sessions }, () => this.#openSession()),
    );
    return this.#pool;
  }
}
