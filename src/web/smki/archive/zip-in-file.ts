import type { FileHandle } from "node:fs/promises";
import type { ZipSource } from "./zip-source.ts";

/** A ZIP that lies in an open file. */
export async function zipInFile(file: FileHandle): Promise<ZipSource> {
  const { size } = await file.stat();
  return {
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
  };
}
