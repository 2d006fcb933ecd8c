import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes a file durably: a crash leaves what was there before, or all of it. */
export function writeWhole(file: string, content: string | Uint8Array, mode: number): void {
  const draft = `${file}.new`;
  const descriptor = openSync(draft, "w", mode);
  try {
    // Of `writeSync`, one call may write a part only.
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}
