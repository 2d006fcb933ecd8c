import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { requireLabel } from "../label.ts";
import { requireSecretLength } from "../secret-length.ts";
import type { KeyAlgorithm, KeyInfo, Signer } from "../signer.ts";
import { mapInSlices } from "../slices.ts";
import { type StoreContent, withKey, without, withSecret } from "./content.ts";
import {
  generatePrivateKey,
  type LoadedKey,
  loadPrivateKey,
  publicKeyOf,
  signWith,
  storePrivateKey,
} from "./private-key.ts";
import type { StoreFile } from "./store-file.ts";

/** What this process has loaded from one version of the file. */
interface Loaded {
  readonly version: string;
  readonly keys: ReadonlyMap<string, LoadedKey>;
  readonly secrets: ReadonlyMap<string, KeyObject>;
}

/**
 * Keys in an encrypted file, for development and test. Every field that leads to a secret is a private name, which
 * neither util.inspect nor JSON shows.
 */
export class EncryptedFileSigner implements Signer {
  readonly kind = "encrypted-file";
  readonly description: string;
  readonly #file: StoreFile;
  #loaded: Loaded | undefined;
  #isClosed = false;

  constructor(file: StoreFile) {
    this.#file = file;
    this.description = `encrypted file ${file.path}`;
  }

  async listKeys(): Promise<readonly KeyInfo[]> {
    const { keys } = await this.#current();
    return [...keys.values()].map((key) => key.info).sort((one, other) => (one.label < other.label ? -1 : 1));
  }

  async listLabels(): Promise<readonly string[]> {
    const { keys, secrets } = await this.#current();
    return [...keys.keys(), ...secrets.keys()].sort();
  }

  async findKey(label: string): Promise<KeyInfo> {
    return (await this.#key(label)).info;
  }

  async generateKey(label: string, algorithm: KeyAlgorithm): Promise<KeyInfo> {
    requireLabel(label);
    this.#requireOpen();
    // Made before the lock is taken, since an RSA key takes long. A crash before the update leaves no trace of it.
    const privateKey = await generatePrivateKey(algorithm);
    const stored = storePrivateKey(label, algorithm, privateKey);
    await this.#file.update((content) => withKey(content, stored));
    return { label, algorithm, publicKey: publicKeyOf(privateKey) };
  }

  async sign(label: string, message: Uint8Array): Promise<Buffer> {
    return signWith(await this.#key(label))(message);
  }

  async signMany(label: string, messages: readonly Uint8Array[]): Promise<Buffer[]> {
    return mapInSlices(messages, signWith(await this.#key(label)));
  }

  async destroyKey(label: string): Promise<void> {
    this.#requireOpen();
    await this.#file.update((content) => without(content, label));
    this.#loaded = undefined;
  }

  async generateSecret(label: string, octets: number): Promise<void> {
    requireLabel(label);
    requireSecretLength(octets);
    this.#requireOpen();
    const value = randomBytes(octets).toString("base64");
    await this.#file.update((content) => withSecret(content, { label, value }));
  }

  async readSecret(label: string): Promise<Buffer> {
    const secret = (await this.#current()).secrets.get(label);
    if (secret === undefined) throw new SmkiError("KEY_NOT_FOUND", { label });
    return secret.export();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#loaded = undefined;
    return Promise.resolve();
  }

  async #key(label: string): Promise<LoadedKey> {
    const key = (await this.#current()).keys.get(label);
    if (key === undefined) throw new SmkiError("KEY_NOT_FOUND", { label });
    return key;
  }

  /** Loaded again whenever the file has changed: a key that another process destroyed signs no further batch. */
  async #current(): Promise<Loaded> {
    this.#requireOpen();
    if (this.#loaded?.version === this.#file.currentVersion()) return this.#loaded;
    const { content, version } = await this.#file.read();
    this.#requireOpen();
    this.#loaded = load(content, version);
    return this.#loaded;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new SmkiError("KEY_STORE_CLOSED", { store: this.description });
  }
}

function load(content: StoreContent, version: string): Loaded {
  const keys = new Map(content.keys.map((stored) => [stored.label, loadPrivateKey(stored)]));
  const secrets = new Map(
    content.secrets.map(({ label, value }) => [label, createSecretKey(Buffer.from(value, "base64"))]),
  );
  return { version, keys, secrets };
}
