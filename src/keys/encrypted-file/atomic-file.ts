import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file so that a reader, or a restart after a crash, finds the old content or the new, never a mixture.
 * The caller holds the lock of the file.
 *
 * @throws the operating system's error; what was there before is then unchanged unless only the last step failed
 */
export async function replaceFile(file: string, octets: Uint8Array): Promise<void> {
  const temporary = join(dirname(file), `${prefixOf(file)}${randomBytes(8).toString("hex")}.tmp`);
  try {
    // A crash from here to the rename leaves the old file, and a temporary one (encrypted, and perhaps cut short)
    // that the next writer removes.
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(octets);
      // Without this the rename could reach the disk before the content: a crash would leave an empty store.
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A crash here leaves the old file or the new one, since rename(2) is atomic, and no temporary one with the new.
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // A crash before this line may bring the old file back; the caller has not been told that the key exists.
  await syncFolder(dirname(file));
  // From here the new file survives a crash.
}

/** Removes what a crash left beside the file. The caller holds the lock, so no temporary file is in use. */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = dirname(file);
  for (const name of await readdir(folder))
    if (name.startsWith(prefixOf(file)) && name.endsWith(".tmp"))
      await rm(join(folder, name), { force: true });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function prefixOf(file: string): string {
  return `.${basename(file)}.`;
}
