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
