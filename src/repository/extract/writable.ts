import { SmkiError } from "../../errors/smki-error.ts";

const ofFileSystem = /^(E[A-Z]+)$/;

/**
 * Does what writes to a folder.
 *
 * @throws SmkiError EXTRACT_UNWRITABLE for what the file system refuses, and whatever `work` throws
 */
export async function writable<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const { code = "", syscall } = cause as NodeJS.ErrnoException;
    if (cause instanceof SmkiError || syscall === undefined || !ofFileSystem.test(code)) throw cause;
    throw new SmkiError("EXTRACT_UNWRITABLE", { folder, reason: code }, { cause });
  }
}
