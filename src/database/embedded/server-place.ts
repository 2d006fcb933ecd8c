import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createFile, ownerOf } from "./safe-files.ts";
import type { ServerLock } from "./server-lock.ts";

/** Where a server runs. "-" stands for what the system does not say, as on macOS. */
export interface ServerPlace {
  readonly host: string;
  readonly machine: string;
  /** Random, made by the kernel when it starts (random(4)): two processes with one boot share a kernel. */
  readonly boot: string;
  readonly pidNamespace: string;
  readonly networkNamespace: string;
}

/** What is written down beside the cluster before a server is started. */
export interface ServerRecord extends ServerPlace {
  /** True when the server holds the lock of {@link ServerLock}. */
  readonly locked: boolean;
}

function attempt(read: () => string): string {
  try {
    return read().trim() || "-";
  } catch {
    return "-";
  }
}

/** The place of this process, and so of the server that it starts. */
export function thisPlace(): ServerPlace {
  return {
    host: hostname(),
    machine: attempt(() => readFileSync("/etc/machine-id", "utf8")),
    boot: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    pidNamespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
    networkNamespace: attempt(() => readlinkSync("/proc/self/ns/net")),
  };
}

const recordOf = (home: string): string => join(home, "server-place.json");

/** Durable before the server starts: a crash must not leave a server of which nobody knows where it runs. */
export function writeServerRecord(home: string, record: ServerRecord): void {
  const temporary = `${recordOf(home)}.new`;
  rmSync(temporary, { force: true });
  const file = createFile(temporary, ownerOf(home));
  try {
    writeSync(file, `${JSON.stringify(record)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, recordOf(home));
  const folder = openSync(home, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Undefined where none was written, or what is there is no record. */
export function readServerRecord(home: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordOf(home), "utf8")) as Partial<ServerRecord> | null;
    const { host, machine, boot, pidNamespace, networkNamespace, locked } = record ?? {};
    const texts = [host, machine, boot, pidNamespace, networkNamespace];
    if (!texts.every((text) => typeof text === "string") || typeof locked !== "boolean") return undefined;
    return record as ServerRecord;
  } catch {
    return undefined;
  }
}

/** ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs and overlayfs (statfs(2)): one kernel mounts them at a time. */
const localFileSystems = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630,
]);

/** False also for whatever is not known. */
export function isOnLocalDisk(folder: string): boolean {
  return process.platform === "linux" && localFileSystems.has(statfsSync(folder).type >>> 0);
}

/** What is known of a server that left a `postmaster.pid`, or holds the lock. */
export interface Leftover {
  readonly record: ServerRecord | undefined;
  readonly here: ServerPlace;
  readonly lock: ServerLock["state"];
  readonly hasLockFile: boolean;
  /** Processes of it are seen from here. */
  readonly isSeen: boolean;
  readonly isOnLocalDisk: boolean;
}

/**
 * Judges what a server left behind, for one who holds the owner's lock.
 *
 * @returns `gone`: no process of it lives, provably; `stop`: it is an orphan of this very place, and may be
 *   stopped; `elsewhere`: it runs, or may run, where we have no business.
 */
export function judgeLeftover(leftover: Leftover): "gone" | "stop" | "elsewhere" {
  const { record, here, lock } = leftover;
  if (lock === "busy") return isSamePlace(record, here) ? "stop" : "elsewhere";
  if (!leftover.hasLockFile) return "gone";
  if (record === undefined) return "elsewhere";
  if (here.boot !== "-" && record.boot === here.boot) {
    // It would hold the lock, in whatever namespace.
    if (lock === "taken" && record.locked) return "gone";
    // The number of a namespace that lives is no other's: under our number it is ours, or all in it has ended.
    if (record.pidNamespace !== here.pidNamespace) return "elsewhere";
    if (!leftover.isSeen) return "gone";
    return isSamePlace(record, here) ? "stop" : "elsewhere";
  }
  // Another kernel wrote it. It cannot have mounted the disk that this one has mounted.
  if (here.boot !== "-" && leftover.isOnLocalDisk) return "gone";
  if (record.host !== here.host || record.machine !== here.machine) return "elsewhere";
  if (here.boot === "-") return leftover.isSeen ? "stop" : "gone";
  // A name alone tells no two containers apart on a shared disk; with the machine's own number it was a restart.
  return here.machine === "-" ? "elsewhere" : "gone";
}

function isSamePlace(record: ServerRecord | undefined, here: ServerPlace): boolean {
  if (record?.boot !== here.boot) return false;
  const { pidNamespace, networkNamespace, host } = record;
  if (pidNamespace !== here.pidNamespace || networkNamespace !== here.networkNamespace) return false;
  return here.boot !== "-" || host === here.host;
}
