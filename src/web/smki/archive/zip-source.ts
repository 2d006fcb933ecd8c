import { RandomAccessReader } from "yauzl";

/** Where a ZIP lies. It is read from its end, so that it must be there whole; it need not be in memory. */
export interface ZipSource {
  /** Octets. */
  readonly size: number;
  /** Gives exactly that many octets; never asked for more than there are. */
  readonly read: (position: number, length: number) => Promise<Buffer>;
}

/** A ZIP in memory. */
export function zipInMemory(octets: Buffer): ZipSource {
  return {
    size: octets.length,
    read: async (position, length) => octets.subarray(position, position + length),
  };
}

/** Octets that are read ahead: an archive is read in its order, in very small pieces. */
const windowOctets = 256 * 1024;

/**
 * Gives yauzl and us the octets of a source, some ahead of what is asked for.
 *
 * What fails in the source is kept apart in `failure`: it is no fault of the archive.
 */
export class ZipWindow extends RandomAccessReader {
  readonly #source: ZipSource;
  #start = 0;
  #window: Buffer = Buffer.alloc(0);
  failure: Error | undefined;

  constructor(source: ZipSource) {
    super();
    this.#source = source;
  }

  /** @throws RangeError where the archive names a place that it does not have */
  async octets(position: number, length: number): Promise<Buffer> {
    const { size } = this.#source;
    if (position < 0 || position + length > size) throw new RangeError("place outside the archive");
    const isInWindow = position >= this.#start && position + length <= this.#start + this.#window.length;
    if (!isInWindow) {
      const ahead = Math.min(Math.max(length, windowOctets), size - position);
      try {
        this.#window = await this.#source.read(position, ahead);
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      }
      this.#start = position;
    }
    const offset = position - this.#start;
    return this.#window.subarray(offset, offset + length);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.octets(position, length).then(
      (octets) => {
        octets.copy(buffer, offset);
        callback(null);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}
