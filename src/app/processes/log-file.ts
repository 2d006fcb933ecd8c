import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** How much of a log is kept. */
export interface LogBounds {
  /** Size in octets above which the file is put aside. */
  readonly size: number;
  /** Files that are kept beside it: `.1` is the newest. */
  readonly kept: number;
}

/**
 * A log file that several processes append to, each by a descriptor that it inherited, and that does not grow without
 * end. What is in it is copied aside, and the file emptied: a new file under the old name would not reach processes
 * that run. A line that is written in the moment between the last look and the emptying is lost; the record of what
 * was done is the ledger, not this.
 */
export class LogFile {
  readonly path: string;
  /** For appending: whoever writes by it writes at the end, wherever that is by then. */
  readonly descriptor: number;
  readonly #bounds: LogBounds;

  /** Makes the file if there is none, readable by its owner alone. */
  constructor(path: string, bounds: LogBounds) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.path = path;
    this.descriptor = openSync(path, "a", 0o600);
    this.#bounds = bounds;
  }

  /** Puts the content aside when there is too much of it; otherwise does nothing. @throws the disk's failure */
  trim(): void {
    const { size, kept } = this.#bounds;
    if (statSync(this.path).size <= size) return;
    const aside = `${this.path}.new`;
    try {
      copyToEnd(this.path, aside);
    } catch (error) {
      // A full disk: what stands half copied makes it no better. The log grows on until it is tried again.
      rmSync(aside, { force: true });
      throw error;
    }
    for (let number = kept - 1; number >= 1; number -= 1) this.#shift(number);
    renameSync(aside, `${this.path}.1`);
    // A crash before this line leaves lines twice, in the file and beside it, and never none of them.
    ftruncateSync(this.descriptor);
  }

  #shift(number: number): void {
    const from = `${this.path}.${String(number)}`;
    if (statSync(from, { throwIfNoEntry: false }) !== undefined)
      renameSync(from, `${this.path}.${String(number + 1)}`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Copies a file to where its end is when it is reached, with what is written meanwhile. */
function copyToEnd(source: string, target: string): void {
  const [from, to] = [openSync(source, "r"), openSync(target, "w", 0o600)];
  try {
    const part = Buffer.allocUnsafe(1024 * 1024);
    for (;;) {
      const read = readSync(from, part);
      if (read === 0) break;
      for (let written = 0; written < read; ) written += writeSync(to, part, written, read - written);
    }
    fsyncSync(to);
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
