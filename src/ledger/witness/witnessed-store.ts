import { hash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";
import { removeLeftovers, replaceFile } from "../../keys/encrypted-file/atomic-file.ts";
import { withLock } from "../../keys/encrypted-file/lock-file.ts";

/**
 * What a witness keeps: for each log one file with the note of the checkpoint that it cosigned last. The file's name
 * is the SHA-256 of the log's origin, so that no origin leads out of the folder.
 */
export interface WitnessedStore {
  /** The note kept for a log; undefined before its first. @throws SmkiError LEDGER_WITNESS_STORE_DAMAGED */
  read(originHash: string): Promise<string | undefined>;
  /** Replaces it: after a crash the file holds the old note or the new one, whole. Durable when it resolves. */
  replace(originHash: string, note: string): Promise<void>;
  /** Runs `work` while no other request, of this process or another, can advance the same log. */
  exclusively<Result>(originHash: string, work: () => Promise<Result>): Promise<Result>;
}

/** The name under which a log is kept and asked for (C2SP tlog-witness, "Monitor Retrieval Mechanism"). */
export const originHash = (origin: string): string => hash("sha256", origin, "hex");

/** A store in a folder, which is made if there is none. */
export async function openWitnessedStore(folder: string): Promise<WitnessedStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const fileOf = (name: string): string => join(folder, name);
  return {
    read: async (name) => {
      try {
        return await readFile(fileOf(name), "utf8");
      } catch (cause) {
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
        throw new SmkiError("LEDGER_WITNESS_STORE_DAMAGED", { path: fileOf(name) }, { cause });
      }
    },
    replace: async (name, note) => {
      await removeLeftovers(fileOf(name));
      await replaceFile(fileOf(name), Buffer.from(note));
    },
    exclusively: (name, work) => withLock(fileOf(name), work),
  };
}
