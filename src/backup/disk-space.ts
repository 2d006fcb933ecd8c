import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Octets that are free for an ordinary user on the disk of a folder that exists, or is to be made there. */
export async function freeOctets(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === folder) throw error;
    return freeOctets(above);
  }
}
