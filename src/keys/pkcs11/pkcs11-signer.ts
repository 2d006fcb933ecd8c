import { createPublicKey, randomBytes, verify } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Handle } from "pkcs11js";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { requireLabel } from "../label.ts";
import { requireSecretLength } from "../secret-length.ts";
import type { KeyAlgorithm, KeyInfo, Signer } from "../signer.ts";
import { CKA, CKO } from "./cryptoki.ts";
import { isUnknownObject, tokenFailure } from "./failure.ts";
import { attribute, findObjects, readAttribute } from "./objects.ts";
import type { OpenToken } from "./open-token.ts";
import { signingScheme } from "./signature.ts";
import { keyPairTemplate, secretMechanism, secretTemplate } from "./templates.ts";
import { requireLoggedIn } from "./token.ts";
import {
  findTokenKey,
  holdersOf,
  listTokenKeys,
  listTokenLabels,
  objectsOf,
  type TokenKey,
} from "./token-keys.ts";
import type { TokenSigning } from "./token-signing.ts";

/** Whoever makes a pair writes its halves one after the other, within one call of the module. */
const MAKING_MS = 250;

/** Keys in a PKCS #11 token. It keeps no PIN: when the session is lost, whoever owns it opens the store again. */
export class Pkcs11Signer implements Signer {
  readonly kind = "pkcs11";
  readonly description: string;
  readonly #open: OpenToken;
  readonly #signing: TokenSigning;
  readonly #keys = new Map<string, TokenKey>();
  /** Set when the session or token is lost: from then on every call is refused with it. */
  #lost: SmkiError | undefined;
  #isClosed = false;

  constructor(open: OpenToken, signing: TokenSigning) {
    this.#open = open;
    this.#signing = signing;
    this.description = `PKCS#11 token ${open.token.label} (${open.token.model}, serial ${open.token.serial})`;
  }

  async listKeys(): Promise<readonly KeyInfo[]> {
    const keys = await this.#call(() => listTokenKeys(this.#open.session));
    return keys.map((key) => key.info).sort((one, other) => (one.label < other.label ? -1 : 1));
  }

  async listLabels(): Promise<readonly string[]> {
    return this.#call(() => listTokenLabels(this.#open.session));
  }

  async findKey(label: string): Promise<KeyInfo> {
    // Asked of the token, not of the memory: another process may have destroyed it.
    return (await this.#call(() => this.#find(label))).info;
  }

  async generateKey(label: string, algorithm: KeyAlgorithm): Promise<KeyInfo> {
    requireLabel(label);
    return this.#call(async () => {
      await this.#requireFree(label);
      const { cryptoki, handle } = this.#open.session;
      const template = keyPairTemplate(algorithm, label, randomBytes(16));
      const { mechanism, publicKey, privateKey } = template;
      // A crash in here leaves a pair that nobody was told of, or half of one: listLabels tells of it and destroyKey
      // removes it. A public key alone is cleared by the next generateKey of its label as well.
      const pair = cryptoki.C_GenerateKeyPair(handle, { mechanism }, publicKey, privateKey);
      this.#keepOnlyIfAlone(label, [pair.privateKey, pair.publicKey]);
      return this.#provePair(label).info;
    });
  }

  async sign(label: string, message: Uint8Array): Promise<Buffer> {
    const [signature] = await this.signMany(label, [message]);
    if (signature === undefined) throw new SmkiError("KEY_TOKEN_FAILED", { label });
    return signature;
  }

  async signMany(label: string, messages: readonly Uint8Array[]): Promise<Buffer[]> {
    return this.#call(() => {
      const key = this.#keys.get(label) ?? this.#find(label);
      const scheme = signingScheme(key.info.algorithm, label);
      return this.#signing.signMany(key.privateKey, scheme, messages);
    }, label);
  }

  async destroyKey(label: string): Promise<void> {
    await this.#call(() => {
      const objects = objectsOf(this.#open.session, label);
      if (objects.length === 0) throw new SmkiError("KEY_NOT_FOUND", { label });
      this.#keys.delete(label);
      this.#destroy(objects);
    });
  }

  async generateSecret(label: string, octets: number): Promise<void> {
    requireLabel(label);
    requireSecretLength(octets);
    await this.#call(async () => {
      await this.#requireFree(label);
      const { cryptoki, handle } = this.#open.session;
      const mechanism = secretMechanism(octets);
      const secret = cryptoki.C_GenerateKey(handle, { mechanism }, secretTemplate(label, octets));
      this.#keepOnlyIfAlone(label, [secret]);
    });
  }

  async readSecret(label: string): Promise<Buffer> {
    return this.#call(() => {
      const { session } = this.#open;
      const [secret] = findObjects(session, CKO.SECRET_KEY, [attribute(CKA.LABEL, label)]);
      if (secret === undefined) throw new SmkiError("KEY_NOT_FOUND", { label });
      return readAttribute(session, secret, CKA.VALUE);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keys.clear();
    try {
      await this.#signing.close();
    } catch {
      // The sessions were lost before; there is nothing left to close.
    } finally {
      this.#open.close();
    }
  }

  /** Runs one step on the token and translates its failure. */
  async #call<Answer>(work: () => Answer | Promise<Answer>, label?: string): Promise<Answer> {
    if (this.#isClosed) throw new SmkiError("KEY_STORE_CLOSED", { store: this.description });
    if (this.#lost !== undefined) throw this.#lost;
    try {
      // Asked before each step but a signature, which fails by itself.
      if (label === undefined) this.#requireLoggedIn();
      return await work();
    } catch (error) {
      throw label === undefined ? this.#translate(error) : this.#translateSigning(error, label);
    }
  }

  #translate(error: unknown): SmkiError {
    const failure = tokenFailure(error, this.#open.token.label);
    if (failure.code === "KEY_STORE_UNAVAILABLE") this.#lost = failure;
    return failure;
  }

  /** Another process has destroyed the key, unless the login was lost, which makes every key unknown. */
  #translateSigning(error: unknown, label: string): SmkiError {
    const isMissing = isUnknownObject(error) || isSmkiError(error, "KEY_NOT_FOUND");
    if (!isMissing) return this.#translate(error);
    this.#keys.delete(label);
    try {
      this.#requireLoggedIn();
    } catch (loss) {
      return this.#translate(loss);
    }
    return new SmkiError("KEY_NOT_FOUND", { label }, { cause: error });
  }

  #requireLoggedIn(): void {
    requireLoggedIn(this.#open.session, this.#open.token.label);
  }

  #find(label: string): TokenKey {
    this.#keys.delete(label);
    const key = findTokenKey(this.#open.session, this.#open.token.label, label);
    this.#keys.set(label, key);
    return key;
  }

  /**
   * Refuses a label that has a key or a secret. A public key alone is what a crash left of a making or a destruction,
   * and is cleared, unless it is the first half of a pair that another process is making at this moment.
   */
  async #requireFree(label: string): Promise<void> {
    const { session } = this.#open;
    const isTaken = (): boolean => holdersOf(session, label).length > 0;
    if (!isTaken()) {
      if (objectsOf(session, label).length === 0) return;
      await pause(MAKING_MS);
      if (!isTaken()) {
        // A crash in here leaves fewer of them. A pair that is completed even now is destroyed by its own maker.
        this.#destroy(objectsOf(session, label));
        return;
      }
    }
    throw new SmkiError("KEY_LABEL_TAKEN", { label });
  }

  /**
   * A token has no way to say "only if the label is free". Whoever finds another of its label after making its own
   * destroys its own: of two processes at most one keeps a key, and neither is told of a key that is not alone.
   */
  #keepOnlyIfAlone(label: string, made: readonly Handle[]): void {
    if (objectsOf(this.#open.session, label).length === made.length) return;
    this.#destroy(made);
    throw new SmkiError("KEY_LABEL_TAKEN", { label });
  }

  #destroy(objects: readonly Handle[]): void {
    const { cryptoki, handle } = this.#open.session;
    for (const object of objects)
      try {
        cryptoki.C_DestroyObject(handle, object);
      } catch (error) {
        // Another process has destroyed it meanwhile, which is what was wanted.
        if (!isUnknownObject(error)) throw error;
      }
  }

  /** A key is told of only once what it signs verifies under the public key that was read back. */
  #provePair(label: string): TokenKey {
    const key = this.#find(label);
    const { algorithm, publicKey } = key.info;
    if (algorithm === "ecdh-p256") return key;
    const message = randomBytes(32);
    const signature = this.#signing.signHere(key.privateKey, signingScheme(algorithm, label), message);
    const digest = algorithm === "ed25519" ? null : "sha256";
    const verifies = verify(
      digest,
      message,
      createPublicKey({ key: publicKey, format: "der", type: "spki" }),
      signature,
    );
    if (verifies) return key;
    this.#keys.delete(label);
    this.#destroy(objectsOf(this.#open.session, label));
    throw new SmkiError("KEY_TOKEN_FAILED", { label, reason: "the new key's signature does not verify" });
  }
}
