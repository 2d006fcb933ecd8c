import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCeremony } from "../../authorities/ceremony/account.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Estate } from "./estate.ts";
import { writeWhole } from "./write-whole.ts";

/** The files of a ceremony that is recorded. */
export interface CeremonyFiles {
  /** The signed record. */
  readonly file: string;
}

/** Where the record of a ceremony lies. */
export function recordFile(folder: string, id: number, purpose: string): string {
  return join(folder, `${String(id).padStart(4, "0")}-${purpose}.txt`);
}

/**
 * Files the record of a ceremony. A crash leaves no file or a whole one; called again it makes what is missing.
 *
 * @throws SmkiError CEREMONY_FILE_DIFFERS where another record lies there, which is kept
 */
export async function fileCeremony({ database, paths }: Estate, id: number): Promise<CeremonyFiles> {
  const { order, record } = await database.read((tx) => readCeremony(tx, id));
  mkdirSync(paths.ceremonies, { recursive: true, mode: 0o700 });
  const file = recordFile(paths.ceremonies, id, order.purpose);
  if (record !== undefined) {
    if (!existsSync(file)) writeWhole(file, record, 0o644);
    else if (readFileSync(file, "utf8") !== record) throw new SmkiError("CEREMONY_FILE_DIFFERS", { file });
  }
  return { file };
}
