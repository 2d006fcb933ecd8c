import { randomBytes, timingSafeEqual } from "node:crypto";
import { type BigIntStats, statSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { requireTightMode, systemCode } from "../secret-file.ts";
import type { StoreIdentity } from "../settings.ts";
import { requireIdentity } from "../store-identity.ts";
import { removeLeftovers, replaceFile } from "./atomic-file.ts";
import { decodeContent, emptyContent, encodeContent, type StoreContent } from "./content.ts";
import { type Envelope, parseEnvelope, type StoreHeader, seal, unseal } from "./envelope.ts";
import { DEFAULT_COST, type DerivedKey, deriveKey, scryptParameters } from "./key-derivation.ts";
import { withLock } from "./lock-file.ts";

/** Some 40,000 keys; anything larger is not ours and is not read into memory. */
const LARGEST_FILE = 16 * 1024 * 1024;

interface Reading {
  readonly content: StoreContent;
  /** Names this version of the file: every write makes another. */
  readonly version: string;
}

/** The file of a store, opened with its passphrase. Holds the derived key, which no inspection shows. */
export class StoreFile {
  readonly path: string;
  readonly #header: StoreHeader;
  readonly #derived: DerivedKey;

  private constructor(path: string, header: StoreHeader, derived: DerivedKey) {
    this.path = path;
    this.#header = header;
    this.#derived = derived;
  }

  /**
   * Makes a new, empty store. A crash leaves either no store or an empty one.
   *
   * @throws SmkiError KEY_STORE_EXISTS, KEY_STORE_WRITE_FAILED, KEY_STORE_LOCKED
   */
  static async create(
    path: string,
    identity: StoreIdentity,
    passphrase: string,
    cost = DEFAULT_COST,
  ): Promise<void> {
    const scrypt = scryptParameters(randomBytes(16), cost);
    const derived = await deriveKey(passphrase, scrypt);
    const header = { ...identity, scrypt, check: derived.check };
    await asWriting(path, () =>
      withLock(path, async () => {
        if (await exists(path)) throw new SmkiError("KEY_STORE_EXISTS", { file: path });
        await replaceFile(path, seal(header, derived.encryptionKey, encodeContent(emptyContent)));
      }),
    );
  }

  /**
   * @throws SmkiError KEY_STORE_NOT_FOUND, KEY_STORE_DAMAGED, KEY_ENVIRONMENT_MISMATCH, KEY_STORE_OF_ANOTHER_ESTATE,
   * KEY_STORE_PASSPHRASE_WRONG
   */
  static async open(path: string, identity: StoreIdentity, passphrase: string): Promise<StoreFile> {
    if (!(await exists(path))) throw new SmkiError("KEY_STORE_NOT_FOUND", { file: path });
    const { envelope } = await readEnvelope(path);
    // Before the passphrase, since its cost would be spent on the wrong file; the cipher vouches for it afterwards.
    requireIdentity(envelope.header, identity, path);
    const derived = await deriveKey(passphrase, envelope.header.scrypt);
    if (!isEqual(derived.check, envelope.header.check))
      throw new SmkiError("KEY_STORE_PASSPHRASE_WRONG", { file: path });
    return new StoreFile(path, envelope.header, derived);
  }

  /** The version on disk now; one call of the system, so that it can be asked before every batch. */
  currentVersion(): string {
    try {
      return versionOf(statSync(this.path, { bigint: true }));
    } catch (error) {
      throw new SmkiError(
        "KEY_STORE_UNAVAILABLE",
        { file: this.path, reason: systemCode(error) },
        { cause: error },
      );
    }
  }

  async read(): Promise<Reading> {
    const { envelope, version } = await readEnvelope(this.path);
    // A store made anew under the same name has another key: its owner must open it anew as well.
    if (envelope.header.check !== this.#derived.check)
      throw new SmkiError("KEY_STORE_UNAVAILABLE", { file: this.path, reason: "replaced by another store" });
    requireIdentity(envelope.header, this.#header, this.path);
    const octets = unseal(envelope, this.#derived.encryptionKey);
    const content = decodeContent(octets);
    octets.fill(0);
    return { content, version };
  }

  /**
   * Changes the content under the lock, from what is on the disk then, so that no change of another process is lost.
   * Durable when it returns; after a crash the store holds the old content or the new.
   */
  async update(change: (content: StoreContent) => StoreContent): Promise<void> {
    await asWriting(this.path, () =>
      withLock(this.path, async () => {
        const octets = encodeContent(change((await this.read()).content));
        await removeLeftovers(this.path);
        await replaceFile(this.path, seal(this.#header, this.#derived.encryptionKey, octets));
        octets.fill(0);
      }),
    );
  }
}

async function readEnvelope(path: string): Promise<{ envelope: Envelope; version: string }> {
  try {
    const handle = await open(path, "r");
    try {
      const status = await handle.stat({ bigint: true });
      requireTightMode(Number(status.mode), path);
      if (!status.isFile() || status.size > LARGEST_FILE)
        throw new SmkiError("KEY_STORE_DAMAGED", { part: "size" });
      return { envelope: parseEnvelope(await handle.readFile()), version: versionOf(status) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSmkiError(error)) throw error;
    throw new SmkiError("KEY_STORE_UNAVAILABLE", { file: path, reason: systemCode(error) }, { cause: error });
  }
}

async function asWriting<Answer>(file: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (isSmkiError(error)) throw error;
    throw new SmkiError("KEY_STORE_WRITE_FAILED", { file, reason: systemCode(error) }, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw new SmkiError("KEY_STORE_UNAVAILABLE", { file: path, reason: systemCode(error) }, { cause: error });
  }
}

function versionOf(status: BigIntStats): string {
  return [status.dev, status.ino, status.size, status.mtimeNs, status.ctimeNs].join(":");
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
