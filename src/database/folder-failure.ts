import { isSmkiError, SmkiError } from "../errors/smki-error.ts";

/** What the file system says when a folder cannot be made or written. */
const closed = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"]);
const full = new Set(["ENOSPC", "EDQUOT"]);

/** Gives a failure of the file system in the data folder its code; any other error stays what it is. */
export function folderFailure(error: unknown, folder: string): unknown {
  if (isSmkiError(error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  const details = { folder: path ?? folder, reason: code ?? "" };
  if (full.has(details.reason)) return new SmkiError("DATABASE_DISK_FULL", details, { cause: error });
  if (closed.has(details.reason))
    return new SmkiError("DATABASE_FOLDER_NOT_WRITABLE", details, { cause: error });
  return error;
}
