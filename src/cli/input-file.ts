import { readFileSync } from "node:fs";
import { SmkiError } from "../errors/smki-error.ts";

/**
 * Reads a text file that the person named.
 *
 * @throws SmkiError FILE_UNREADABLE
 */
export function readInputFile(file: string): string {
  return readInputOctets(file).toString("utf8");
}

/**
 * Reads a text file that the person named, of which every octet counts: a receipt, a checkpoint, a key.
 *
 * @throws SmkiError FILE_UNREADABLE, also for what is not UTF-8
 */
export function readExactText(file: string): string {
  const octets = readInputOctets(file);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (cause) {
    throw new SmkiError("FILE_UNREADABLE", { file, reason: "not text in UTF-8" }, { cause });
  }
}

/**
 * Reads a file that the person named, as octets.
 *
 * @throws SmkiError FILE_UNREADABLE
 */
export function readInputOctets(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
  }
}
