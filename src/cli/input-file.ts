import { readFileSync } from "node:fs";
import { SmkiError } from "../errors/smki-error.ts";

/**
 * Reads a text file that the person named.
 *
 * @throws SmkiError FILE_UNREADABLE
 */
export function readInputFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
  }
}
