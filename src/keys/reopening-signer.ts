import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { openSigner } from "./open.ts";
import { isPassing } from "./pkcs11/failure.ts";
import type { SignerSettings } from "./settings.ts";
import type { KeyAlgorithm, KeyInfo, Signer } from "./signer.ts";

/** From one opening to the next while the store keeps failing; the first is at once. */
const PAUSES_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
const LONGEST_PAUSE_MS = 30_000;

/** Each further opening could spend one of the token's tries, so a person must act and start the process again. */
const PIN_FAILURES = ["KEY_PIN_WRONG", "KEY_PIN_LOCKED", "KEY_PIN_FINAL_TRY"] as const;

export interface Reopening {
  /** How the store is opened; {@link openSigner} unless a test counts the openings. */
  readonly open?: (settings: SignerSettings) => Promise<Signer>;
  /** Milliseconds of a clock that never goes back; only differences are used. */
  readonly elapsed?: () => number;
}

/**
 * Opens a store as {@link openSigner} does, and opens it again when the session or token is lost.
 *
 * A call that meets the loss is repeated once on the store opened anew if it changes nothing (signing, listing,
 * reading); one that makes or destroys a key fails, since it may have taken effect. While the store stays away, calls
 * are refused with the last failure and it is opened again no more often than every 0.5 s, then ever more rarely down
 * to every 30 s: no call waits for it longer than one opening takes. After a PIN failure it is not opened again.
 *
 * @throws SmkiError those of openSigner, of the first opening, which is not repeated
 */
export async function reopeningSigner(settings: SignerSettings, reopening: Reopening = {}): Promise<Signer> {
  const open = reopening.open ?? openSigner;
  const elapsed = reopening.elapsed ?? ((): number => performance.now());
  return new ReopeningSigner(() => open(settings), elapsed, await open(settings));
}

class ReopeningSigner implements Signer {
  readonly kind: Signer["kind"];
  readonly #openAgain: () => Promise<Signer>;
  readonly #elapsed: () => number;
  /** Calls that the open signer is answering. */
  readonly #underWay = new Set<Promise<unknown>>();
  #description: string;
  /** Undefined from the loss until it is open again. */
  #signer: Signer | undefined;
  /** Settles when the lost signer has answered every call and was closed. */
  #retired: Promise<void> = Promise.resolve();
  #opening: Promise<void> | undefined;
  #failure: unknown;
  #openings = 0;
  #lastOpening = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(openAgain: () => Promise<Signer>, elapsed: () => number, signer: Signer) {
    this.kind = signer.kind;
    this.#description = signer.description;
    this.#openAgain = openAgain;
    this.#elapsed = elapsed;
    this.#signer = signer;
  }

  get description(): string {
    return this.#description;
  }

  listKeys(): Promise<readonly KeyInfo[]> {
    return this.#repeatable((signer) => signer.listKeys());
  }

  listLabels(): Promise<readonly string[]> {
    return this.#repeatable((signer) => signer.listLabels());
  }

  findKey(label: string): Promise<KeyInfo> {
    return this.#repeatable((signer) => signer.findKey(label));
  }

  sign(label: string, message: Uint8Array): Promise<Buffer> {
    return this.#repeatable((signer) => signer.sign(label, message));
  }

  signMany(label: string, messages: readonly Uint8Array[]): Promise<Buffer[]> {
    return this.#repeatable((signer) => signer.signMany(label, messages));
  }

  readSecret(label: string): Promise<Buffer> {
    return this.#repeatable((signer) => signer.readSecret(label));
  }

  generateKey(label: string, algorithm: KeyAlgorithm): Promise<KeyInfo> {
    return this.#once((signer) => signer.generateKey(label, algorithm));
  }

  destroyKey(label: string): Promise<void> {
    return this.#once((signer) => signer.destroyKey(label));
  }

  generateSecret(label: string, octets: number): Promise<void> {
    return this.#once((signer) => signer.generateSecret(label, octets));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // An opening under way closes what it opened.
    await this.#opening?.catch(() => undefined);
    await this.#retired;
    await this.#signer?.close();
  }

  async #repeatable<Answer>(work: (signer: Signer) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#once(work);
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#once(work);
    }
  }

  async #once<Answer>(work: (signer: Signer) => Promise<Answer>): Promise<Answer> {
    this.#requireOpen();
    while (this.#signer === undefined) {
      this.#opening ??= this.#reopen().finally(() => {
        this.#opening = undefined;
      });
      await this.#opening;
    }
    // No await between the look and the call: a signer that is retired gets no further call.
    const signer = this.#signer;
    const call = work(signer);
    this.#underWay.add(call);
    try {
      return await call;
    } catch (error) {
      if (isLost(error) && this.#signer === signer) this.#retire(signer, error);
      throw error;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /**
   * Handles of a lost session may be given out anew, to other sessions and other keys. So nothing is opened before
   * every call that holds old ones has ended.
   */
  #retire(signer: Signer, failure: unknown): void {
    this.#signer = undefined;
    this.#failure = failure;
    this.#retired = Promise.allSettled(this.#underWay)
      .then(() => signer.close())
      // What could not be closed was lost already.
      .catch(() => undefined);
  }

  async #reopen(): Promise<void> {
    this.#requireDue();
    await this.#retired;
    this.#requireOpen();
    this.#openings += 1;
    this.#lastOpening = this.#elapsed();
    try {
      const signer = await this.#openAgain();
      this.#signer = signer;
      this.#description = signer.description;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    // Opened while close() was called: that waits for this and closes it.
    this.#requireOpen();
  }

  /** Throws the last failure, unless it is time to open again. */
  #requireDue(): void {
    const since = this.#elapsed() - this.#lastOpening;
    if (since > 2 * LONGEST_PAUSE_MS) this.#openings = 0;
    const pause = PAUSES_MS[this.#openings] ?? LONGEST_PAUSE_MS;
    if (since < pause || PIN_FAILURES.some((code) => isSmkiError(this.#failure, code))) throw this.#failure;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new SmkiError("KEY_STORE_CLOSED", { store: this.#description });
  }
}

/** What passes by itself in a token (CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED) is how some tell of a lost connection. */
function isLost(error: unknown): boolean {
  return isSmkiError(error, "KEY_STORE_UNAVAILABLE") || isPassing(error);
}
