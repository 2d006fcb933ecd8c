import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { withLock } from "../../keys/encrypted-file/lock-file.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { decodeNoteText, parseNote } from "../note.ts";
import type { KeptCheckpoint } from "../verification/source.ts";

/** The newest checkpoint of a copy, and of a ledger under its prefix (C2SP tlog-tiles, "Checkpoints"). */
export const checkpointName = "checkpoint";
/** The ledger's verifier key, as it was when the copy was begun. */
export const verifierKeyName = "verifier-key";
const keptFolder = "checkpoints";
const keptName = /^(0|[1-9]\d{0,15})\.txt$/;
// A tile has 8 kB, a bundle of 256 of the largest entries 17 MB.
const largestFile = 20 * 1024 * 1024;

/**
 * A folder in which a ledger is copied, laid out as the ledger is served (C2SP tlog-tiles), so that any static web
 * server can serve it on. Beside that: every checkpoint that was ever copied, under `checkpoints/`.
 */
export class CopyFolder {
  readonly path: string;
  readonly #written = new Set<string>();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** A file's octets; undefined where there is none. @throws SmkiError FILE_UNREADABLE */
  async read(name: string): Promise<Buffer | undefined> {
    const file = join(this.path, name);
    try {
      const handle = await open(file, "r");
      try {
        const stats = await handle.stat();
        // A device has no size, and no end.
        if (!stats.isFile()) throw new SmkiError("FILE_UNREADABLE", { file, reason: "not a file" });
        if (stats.size > largestFile) throw new SmkiError("FILE_UNREADABLE", { file, octets: stats.size });
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      if (cause instanceof SmkiError) throw cause;
      const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
      if (reason === "ENOENT" || reason === "ENOTDIR") return undefined;
      throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
    }
  }

  /** A file's text; undefined where there is none. @throws SmkiError FILE_UNREADABLE, LEDGER_NOTE_MALFORMED */
  async readText(name: string): Promise<string | undefined> {
    const octets = await this.read(name);
    return octets === undefined ? undefined : decodeNoteText(octets);
  }

  /**
   * Runs `work` while no other process copies into this folder. Two at once would each write a checkpoint, and the slower
   * one's would look as if the ledger had been put back.
   *
   * @throws SmkiError LEDGER_COPY_UNDER_WAY, LEDGER_COPY_UNWRITABLE
   */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const file = join(this.path, ".copying");
    const lock = { isHeld: false };
    try {
      await mkdir(this.path, { recursive: true });
      return await withLock(
        file,
        () => {
          lock.isHeld = true;
          return work();
        },
        0,
      );
    } catch (cause) {
      if (lock.isHeld) throw cause;
      if (isSmkiError(cause, "KEY_STORE_LOCKED"))
        throw new SmkiError("LEDGER_COPY_UNDER_WAY", cause.details, { cause });
      const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
      throw new SmkiError("LEDGER_COPY_UNWRITABLE", { file: this.path, reason }, { cause });
    }
  }

  /**
   * Makes the names of all files that were written survive a crash of the machine. What is written after it never stands
   * there without what was written before.
   *
   * @throws SmkiError LEDGER_COPY_UNWRITABLE
   */
  async settle(): Promise<void> {
    for (const folder of this.#written) {
      try {
        const handle = await open(folder, "r");
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
        throw new SmkiError("LEDGER_COPY_UNWRITABLE", { file: folder, reason }, { cause });
      }
    }
    this.#written.clear();
  }

  /**
   * Writes a file whole: a crash leaves what was there before, or the new file, never half of one.
   *
   * @throws SmkiError LEDGER_COPY_UNWRITABLE
   */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    const file = join(this.path, name);
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(temporary, "wx", 0o644);
      try {
        await handle.writeFile(content);
        // Without this a crash of the machine could leave the name with nothing behind it.
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      // A new folder's own name stands in the one above.
      for (let folder = dirname(file); folder.length >= this.path.length; folder = dirname(folder))
        if (!this.#written.has(folder)) this.#written.add(folder);
        else break;
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
      throw new SmkiError("LEDGER_COPY_UNWRITABLE", { file, reason }, { cause });
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
  }

  /** The newest checkpoint with the size that it states, signed or not; undefined where there is none of that form. */
  async newestCheckpoint(): Promise<KeptCheckpoint | undefined> {
    try {
      const note = await this.readText(checkpointName);
      if (note === undefined) return undefined;
      return { size: parseCheckpoint(parseNote(note).text).size, note };
    } catch (error) {
      if (isSmkiError(error, "LEDGER_NOTE_MALFORMED")) return undefined;
      throw error;
    }
  }

  /** Keeps a checkpoint for later comparison: one for each size, with the cosignatures that it had last. */
  async keepCheckpoint({ size, note }: KeptCheckpoint): Promise<void> {
    await this.write(`${keptFolder}/${String(size)}.txt`, note);
  }

  /** The sizes of which checkpoints are kept, in order. */
  async keptSizes(): Promise<number[]> {
    const folder = join(this.path, keptFolder);
    const names = await readdir(folder).catch((cause: unknown): string[] => {
      const { code = "unknown" } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      // Passing over what cannot be read would be passing over what may say that history was rewritten.
      throw new SmkiError("FILE_UNREADABLE", { file: folder, reason: code }, { cause });
    });
    const sizes = names.flatMap((name) => keptName.exec(name)?.[1] ?? []).map(Number);
    return sizes.toSorted((one, other) => one - other);
  }

  /** The checkpoint that is kept for a size; its note is empty where the file holds no text. @throws SmkiError FILE_UNREADABLE */
  async keptCheckpoint(size: number): Promise<KeptCheckpoint> {
    try {
      return { size, note: (await this.readText(`${keptFolder}/${String(size)}.txt`)) ?? "" };
    } catch (error) {
      if (isSmkiError(error, "LEDGER_NOTE_MALFORMED")) return { size, note: "" };
      throw error;
    }
  }
}
