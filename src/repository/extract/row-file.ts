import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { fileNameOf, type ManifestFile, type RowKind } from "./manifest.ts";
import { headings } from "./rows.ts";

/** Octets that are compressed at once: a row by itself costs more to hand over than to compress. */
const pieceOctets = 1 << 20;
/** Pieces that wait to be compressed. */
const mostPieces = 6;

/** Level 1: half the processor time of the usual level 3 for the same size, since keys and signatures do not compress. */
const compression = {
  chunkSize: pieceOctets,
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
};

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

/** A file of rows that is being written: compressed, counted and hashed on the way, in constant memory. */
export class RowFile {
  readonly #rows: RowKind;
  readonly #name: string;
  readonly #input = new PassThrough({ writableHighWaterMark: pieceOctets });
  readonly #meter = new Meter();
  readonly #written: Promise<void>;
  readonly #handedOver: Promise<undefined>[] = [];
  #parts: Buffer[] = [];
  #waiting = 0;
  /** Octets of rows, before they are compressed. */
  rowOctets = 0;

  /**
   * @param folder - where no file of this name lies
   * @param part - counted from 1
   */
  constructor(folder: string, rows: RowKind, part: number) {
    this.#rows = rows;
    this.#name = fileNameOf(rows, part);
    // `flush`: fsync(2) before it is closed.
    const file = createWriteStream(join(folder, this.#name), { flags: "wx", mode: 0o644, flush: true });
    this.#written = pipeline(this.#input, createZstdCompress(compression), this.#meter, file);
    // Told by `write` and `end`.
    this.#written.catch(() => undefined);
    void this.writeLine(headings[rows].join(","));
  }

  /** Takes octets of lines, each ended by a line feed. @throws what the file system says */
  async write(lines: Buffer): Promise<void> {
    this.rowOctets += lines.length;
    this.#parts.push(lines);
    this.#waiting += lines.length;
    if (this.#waiting >= pieceOctets) await this.#pass();
  }

  writeLine(line: string): Promise<void> {
    return this.write(Buffer.from(`${line}\n`, "latin1"));
  }

  async #pass(): Promise<void> {
    const piece = Buffer.concat(this.#parts, this.#waiting);
    this.#parts = [];
    this.#waiting = 0;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#input.write(piece, () => {
      resolve(undefined);
    });
    this.#handedOver.push(promise);
    // While some are compressed the next ones are read. A pipeline that failed takes nothing any more.
    if (this.#handedOver.length > mostPieces) await Promise.race([this.#written, this.#handedOver.shift()]);
  }

  /** Ends the file, which is durable when this resolves. @param count - rows in it */
  async end(count: number): Promise<ManifestFile> {
    await this.#pass();
    this.#input.end();
    await this.#written;
    const { octets } = this.#meter;
    return { rows: this.#rows, name: this.#name, count, octets, sha256: this.#meter.digest() };
  }

  /** Gives it up: nothing is written any more when this resolves. */
  async abandon(): Promise<void> {
    this.#input.destroy();
    await this.#written.catch(() => undefined);
  }
}
