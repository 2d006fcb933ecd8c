import { createHash } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, fsyncSync, openSync, readdirSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { SmkiError } from "../errors/smki-error.ts";
import type { StoredFile } from "./manifest.ts";

/** Counts and hashes what passes. */
class Meter extends Transform {
  octets = 0;
  readonly #hash = createHash("sha256");

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.octets += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  digest(): string {
    return this.#hash.digest("hex");
  }
}

/** Makes what was made, renamed or removed in the folder durable; or the octets of a file. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes a folder with all that is in it durable, deepest first.
 *
 * @param except - a folder that sees to itself: a database's
 */
export function syncTree(folder: string, except?: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && path !== except) syncTree(path);
    if (entry.isFile()) syncFolder(path);
  }
  syncFolder(folder);
}

/**
 * Writes a new file of mode 0600 from a stream; its octets are durable when this resolves, its name once the folder
 * is synced.
 *
 * @param root - the folder that `path` is meant from
 */
export async function writeStream(root: string, path: string, ...streams: Readable[]): Promise<StoredFile> {
  const [source, ...through] = streams as [Readable, ...Transform[]];
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const meter = new Meter();
  // `flush`: fsync(2) before it is closed.
  await pipeline([
    source,
    ...through,
    meter,
    createWriteStream(file, { flags: "wx", mode: 0o600, flush: true }),
  ]);
  return { path, octets: meter.octets, sha256: meter.digest() };
}

/** The same for octets in memory. */
export async function writeOctets(
  root: string,
  path: string,
  octets: Uint8Array | string,
): Promise<StoredFile> {
  const buffer = Buffer.from(octets);
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(buffer);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { path, octets: buffer.length, sha256: createHash("sha256").update(buffer).digest("hex") };
}

/** Level 3 of zstd, with a checksum of the content in each frame. */
export const compress = () => createZstdCompress();

/**
 * Reads a file of a back-up or archive to its end, and refuses it unless it is as it was written.
 *
 * @param through - what its decompressed octets pass; nothing is decompressed when left out
 * @param into - takes them at the end; they are dropped when left out
 * @throws SmkiError BACKUP_DAMAGED
 */
export async function readStored(
  root: string,
  stored: StoredFile,
  through?: Transform,
  into: Writable = nowhere(),
): Promise<void> {
  const meter = new Meter();
  const source = createReadStream(join(root, stored.path));
  try {
    await (through === undefined
      ? pipeline(source, meter, into)
      : pipeline(source, meter, createZstdDecompress(), through, into));
  } catch (error) {
    if (isFileFailure(error))
      throw damaged(stored, (error as NodeJS.ErrnoException).code ?? "unreadable", error);
    throw error;
  }
  if (meter.octets !== stored.octets) throw damaged(stored, "it has another length");
  if (meter.digest() !== stored.sha256) throw damaged(stored, "its SHA-256 is another");
}

const nowhere = (): Writable =>
  new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });

/** The file is not there, or zstd cannot read it. */
function isFileFailure(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && (/^(ENOENT|EACCES|EIO|EISDIR)$/.test(code) || code.startsWith("ZSTD_"));
}

function damaged({ path }: StoredFile, reason: string, cause?: unknown): SmkiError {
  return new SmkiError("BACKUP_DAMAGED", { file: path, reason }, { cause });
}
