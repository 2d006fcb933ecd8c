import { statfsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** What the figures were measured on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly node: string;
  /** Of the last minute, at the moment of asking: above the bench's own, someone else was at work. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** File systems that keep everything in memory: their magic numbers (statfs(2)). */
const inMemory = new Map([
  [0x0102_1994, "tmpfs"],
  [0x8584_58f6, "ramfs"],
]);

/** The memory file system that a folder lies on; undefined when it is on a disk. */
export function memoryFileSystemOf(folder: string): string | undefined {
  return inMemory.get(statfsSync(folder).type);
}
