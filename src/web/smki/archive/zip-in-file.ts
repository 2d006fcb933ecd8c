import { open } from "node:fs/promises";
import type { ZipSource } from "./zip-source.ts";

/** Gives a ZIP that lies in a file to `work`, and closes it after. */
export async function withZipInFile<Result>(
  path: string,
  work: (zip: ZipSource) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    return await work({
      size,
      read: async (position, length) => {
        const octets = Buffer.allocUnsafe(length);
        for (let read = 0; read < length; ) {
          const { bytesRead } = await file.read(octets, read, length - read, position + read);
          if (bytesRead === 0) throw new Error("the file became shorter while it was read");
          read += bytesRead;
        }
        return octets;
      },
    });
  } finally {
    await file.close();
  }
}
