import { link, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SmkiError } from "../errors/smki-error.ts";
import { replaceFile } from "../keys/encrypted-file/atomic-file.ts";

/** Reads the last signed checkpoint. @throws SmkiError LEDGER_SIGNER_STORE_MISSING, LEDGER_SIGNER_STORE_DAMAGED */
export async function readCheckpointFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new SmkiError(
      isMissing ? "LEDGER_SIGNER_STORE_MISSING" : "LEDGER_SIGNER_STORE_DAMAGED",
      { path },
      { cause },
    );
  }
}

/**
 * Replaces the last signed checkpoint: after a crash the file holds the old one or the new one, whole.
 *
 * @throws SmkiError KEY_STORE_WRITE_FAILED, with the system's reason: a full disk above all. Nothing of the ledger is
 *   wrong then, and trying again later helps
 */
export async function replaceCheckpointFile(path: string, note: string): Promise<void> {
  try {
    await replaceFile(path, Buffer.from(note));
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw new SmkiError("KEY_STORE_WRITE_FAILED", { file: path, reason }, { cause });
  }
}

/** Writes the first one, and never over another. @throws SmkiError LEDGER_SIGNER_STORE_EXISTS */
export async function createCheckpointFile(path: string, note: string): Promise<void> {
  const whole = `${path}.new`;
  await replaceFile(whole, Buffer.from(note));
  try {
    // link(2) refuses to replace; a rename would not. A crash before it leaves only the `.new` file, which the
    // next attempt replaces.
    await link(whole, path);
  } catch (cause) {
    const isTaken = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (isTaken) throw new SmkiError("LEDGER_SIGNER_STORE_EXISTS", { path }, { cause });
    throw cause;
  } finally {
    await rm(whole, { force: true });
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
