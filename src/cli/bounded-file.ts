import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";

const partSize = 1024 * 1024;

/**
 * Reads a file that the person named, and no more of it than may be: a device or a pipe tells no size, and need not end.
 *
 * @param maximumSize - octets
 * @throws SmkiError FILE_UNREADABLE; DER_TOO_LARGE
 */
export function readBoundedFile(file: string, maximumSize: number): Buffer {
  try {
    const descriptor = openSync(file, "r");
    try {
      const { size } = fstatSync(descriptor);
      if (size > maximumSize) throw new SmkiError("DER_TOO_LARGE", { size, maximumSize });
      return readUpTo(descriptor, maximumSize);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (isSmkiError(cause)) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
  }
}

function readUpTo(descriptor: number, maximumSize: number): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    // One octet more than may be tells a file that is longer.
    const part = Buffer.allocUnsafe(Math.min(partSize, maximumSize - total + 1));
    const read = readSync(descriptor, part);
    if (read === 0) return Buffer.concat(parts, total);
    total += read;
    if (total > maximumSize) throw new SmkiError("DER_TOO_LARGE", { maximumSize });
    parts.push(part.subarray(0, read));
  }
}
