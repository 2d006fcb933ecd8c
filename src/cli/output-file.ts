import { writeFileSync } from "node:fs";
import { SmkiError } from "../errors/smki-error.ts";

/**
 * Writes the file that the person named for the answer.
 *
 * @throws SmkiError FILE_UNWRITABLE
 */
export function writeOutputFile(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw fileUnwritable(file, cause);
  }
}

/** The error of a file or folder that the person named and that cannot be made, with the system's reason. */
export function fileUnwritable(file: string, cause: unknown): SmkiError {
  const { code: reason = "unknown" } = cause as NodeJS.ErrnoException;
  return new SmkiError("FILE_UNWRITABLE", { file, reason }, { cause });
}
