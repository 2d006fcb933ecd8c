import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own, of some megabytes, that a test fills up. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves so many octets. */
  fill(octetsLeft?: number): void;
  makeRoom(): void;
  remove(): void;
}

/** Whether a test may ask for one: `mount` is for root, and may be refused even then. */
export const mayMount = process.getuid?.() === 0;

/** Mounts one; undefined where that is not allowed. */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "smki-small-disk-"));
  const options = ["-t", "tmpfs", "-o", `size=${String(megabytes)}m,mode=0700`, "tmpfs", folder];
  if (spawnSync("mount", options).status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: (octetsLeft = 0) => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - octetsLeft)));
    },
    makeRoom: () => {
      rmSync(ballast, { force: true });
    },
    remove: () => {
      spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
