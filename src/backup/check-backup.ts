import { join } from "node:path";
import { BinaryRowCheck } from "../database/copy/binary-rows.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { readStored } from "./durable-files.ts";
import { type ReadManifest, readManifest } from "./manifest.ts";

/** A back-up that was read whole. */
export interface CheckedBackup extends ReadManifest {
  /** Octets of its rows, uncompressed: a database that holds them needs more. */
  readonly rowOctets: number;
}

/**
 * Reads every file of a back-up: each is as it was written, and each table is whole and has its rows. It finds damage,
 * not forgery: whoever can write the files can write the manifest. That the ledger in it holds is verified by
 * restoring it.
 *
 * @throws SmkiError BACKUP_UNREADABLE, BACKUP_NEWER, BACKUP_DAMAGED
 */
export async function checkBackup(folder: string, onFile?: (path: string) => void): Promise<CheckedBackup> {
  const read = readManifest(folder);
  const { tables, files, keyStores } = read.manifest;
  let rowOctets = 0;
  for (const { name, columns, rows, file } of tables) {
    const check = new BinaryRowCheck(columns.length);
    await readStored(folder, file, check);
    if (check.rows !== rows)
      throw new SmkiError("BACKUP_DAMAGED", { file: join("tables", name), rows: check.rows, recorded: rows });
    rowOctets += check.octets;
    onFile?.(file.path);
  }
  for (const file of [...files, ...keyStores.flatMap((store) => store.file ?? [])]) {
    await readStored(folder, file);
    onFile?.(file.path);
  }
  return { ...read, rowOctets };
}
