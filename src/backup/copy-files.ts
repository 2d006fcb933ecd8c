import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { BackupOrder } from "./backup-order.ts";
import { writeOctets, writeStream } from "./durable-files.ts";
import type { StoredFile } from "./manifest.ts";
import { withoutPasswords } from "./passwords.ts";

/** The files beside the database, by their place under the data folder. */
export async function copyFiles(
  { files, settingsFile }: Pick<BackupOrder, "files" | "settingsFile">,
  folder: string,
  environment: "test" | "live",
): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  const { estateId, ledgerVerifierKey, formerLedgerKeys, recordVerifierKey, ceremonies, archive } = files;
  const wanted = [estateId, ledgerVerifierKey, formerLedgerKeys, recordVerifierKey, ceremonies, archive];
  // In live a passphrase never goes where the keys go, even if someone has put one there.
  if (environment === "test") wanted.push(files.secrets);
  for (const file of wanted.flatMap(filesIn)) {
    const source = await openIfThere(file);
    if (source === undefined) continue;
    // As a stream: an archive of a busy month has gigabytes.
    stored.push(await writeStream(folder, `files/${relative(files.data, file)}`, source.createReadStream()));
  }
  if (settingsFile !== undefined)
    stored.push(await writeOctets(folder, "smki.toml", withoutPasswords(readFileSync(settingsFile, "utf8"))));
  return stored;
}

/** Undefined for a file that is gone since it was found: of an archive that was destroyed, or is being made again. */
async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The file, or all files of the folder; what is half made, or is none, is left out. */
function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.name.endsWith(".partial"))
    .flatMap((entry) => (entry.isFile() || entry.isDirectory() ? filesIn(join(path, entry.name)) : []));
}

/** Whether a file lies in a folder. */
export const isIn = (folder: string, file: string): boolean =>
  !relative(folder, resolve(file)).startsWith("..");
