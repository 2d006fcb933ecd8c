import { closeSync, fsyncSync, openSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { fileUnwritable } from "../output-file.ts";

/** Makes what was made or renamed in the folder durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a file: a crash leaves what was there before, or all of it. Its name is durable when its folder is synced.
 *
 * @param afterDraft - called when the draft is durable and does not have its name yet
 * @throws SmkiError FILE_UNWRITABLE
 */
export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  afterDraft?: () => void,
): Promise<void> {
  const draft = `${file}.new`;
  try {
    // `flush`: fsync(2) before it is closed.
    await writeFile(draft, content, { mode: 0o644, flush: true });
    afterDraft?.();
    await rename(draft, file);
  } catch (cause) {
    throw fileUnwritable(file, cause);
  }
}
