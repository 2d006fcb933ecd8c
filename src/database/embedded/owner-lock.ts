import { statSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";

/** Held by the one process that may start a server in a folder. */
export interface OwnerLock {
  release(): Promise<void>;
}

/**
 * A listening socket is a lock that the kernel itself drops when its holder dies, however it dies: there is
 * no stale lock file to judge. Linux has names that are no files at all (abstract sockets); elsewhere a file
 * in the temporary folder serves. The name is made of device and inode, so that two spellings of one
 * folder are one lock.
 */
function lockAddress(folder: string): string {
  const { dev, ino } = statSync(folder);
  const name = `opensmki-database-${String(dev)}-${String(ino)}`;
  return process.platform === "linux" ? `\0${name}` : join(tmpdir(), `${name}.lock`);
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** True while some process, perhaps this one, holds the lock of the folder. */
export function isOwned(folder: string): Promise<boolean> {
  return isAnswered(lockAddress(folder));
}

/**
 * Takes the lock, or refuses at once.
 *
 * @param folder - an existing folder
 * @throws SmkiError DATABASE_FOLDER_IN_USE
 */
export async function takeOwnerLock(folder: string): Promise<OwnerLock> {
  const address = lockAddress(folder);
  const inUse = (cause: unknown) => new SmkiError("DATABASE_FOLDER_IN_USE", { folder }, { cause });
  const server = await listen(address).catch(async (cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    if (address.startsWith("\0") || (await isAnswered(address))) throw inUse(cause);
    // Only where the lock is a file: its holder was killed. Should two remove it at once, the server's own
    // lock file still lets only one of them run.
    unlinkSync(address);
    return listen(address).catch((error: unknown) => {
      throw inUse(error);
    });
  });
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
