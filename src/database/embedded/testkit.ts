import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { connect } from "../connect.ts";
import { readPostmaster } from "./postmaster.ts";
import { type EmbeddedServer, startEmbeddedServer } from "./server.ts";
import { removeSocketFolder } from "./socket-folder.ts";

const folders: string[] = [];
const servers: EmbeddedServer[] = [];
const children: ChildProcess[] = [];

/** A folder of mode 0700, as mktemp makes them. */
export function closedFolder(): string {
  const folder = mkdtempSync("/tmp/smki-server-test-");
  folders.push(folder);
  return folder;
}

export async function start(dataFolder: string): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({ dataFolder });
  servers.push(server);
  return server;
}

export interface Announcement {
  readonly connectionString: string;
  readonly pid: number;
  readonly uid: number;
  readonly code?: string;
}

/** Starts the server from a process of its own. */
export function startElsewhere(
  dataFolder: string,
  options: { uid?: number; path?: string; namespaces?: readonly string[] } = {},
): ChildProcess {
  const { namespaces = [] } = options;
  const command = [
    ...(namespaces.length === 0 ? [] : ["unshare", ...namespaces, "--"]),
    ...[process.execPath, join(import.meta.dirname, "testkit", "server-process.ts"), dataFolder],
  ];
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: options.path ?? process.env["PATH"], HOME: "/nonexistent" },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  children.push(child);
  return child;
}

export const announcementOf = (child: ChildProcess): Promise<Announcement> =>
  new Promise((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) => {
      resolve(JSON.parse(chunk.toString("utf8")) as Announcement);
    });
    child.once("exit", () => {
      reject(new Error("the process ended without a word"));
    });
  });

export const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });

export async function run<Row>(connectionString: string, statement: string): Promise<Row[]> {
  const database = connect({ connectionString }, { applicationName: "test", poolSize: 1 });
  try {
    return await database.transaction(async (tx) => (await sql.raw<Row>(statement).execute(tx)).rows);
  } finally {
    await database.close();
  }
}

export async function waitFor(condition: () => boolean, milliseconds = 15_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error("it did not happen in time");
    await sleep(10);
  }
}

export const clusterOf = (dataFolder: string) => join(dataFolder, "postgresql", "cluster");

/** Ends whatever a test started, and removes its folders. */
export async function cleanUp(): Promise<void> {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const server of servers.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) {
    const postmaster = readPostmaster(clusterOf(join(folder, "data")));
    if (postmaster !== undefined)
      await waitFor(() => readPostmaster(clusterOf(join(folder, "data"))) === undefined);
    removeSocketFolder(join(folder, "data", "postgresql"));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
