import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, escapeIdentifier } from "pg";
import { connect } from "../src/database/connect.ts";
import { type EmbeddedServer, startEmbeddedServer } from "../src/database/embedded/server.ts";
import { migrate } from "../src/database/migrate.ts";

/** A PostgreSQL server of a lane's own: durable as in use, killed and started again at will. */
export interface TortureServer {
  readonly pid: () => number;
  /** Makes a migrated, otherwise empty database. @returns a connection string that outlives every restart */
  readonly newDatabase: (name: string) => Promise<string>;
  /** Makes one without tables. */
  readonly emptyDatabase: (name: string) => Promise<string>;
  /** Waits until a killed server is gone, and starts it again on what it left. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one in a folder of its own. */
export async function startTortureServer(): Promise<TortureServer> {
  const folder = mkdtempSync(join(tmpdir(), "smki-torture-"));
  // Each start has a socket folder of its own: clients find the newest behind one name.
  const socket = join(folder, "socket");
  const start = async (): Promise<EmbeddedServer> => {
    const started = await startEmbeddedServer({
      dataFolder: join(folder, "data"),
      overrides: { max_connections: "200" },
    });
    symlinkSync(new URL(started.connectionString).searchParams.get("host") ?? "", `${socket}.new`);
    renameSync(`${socket}.new`, socket);
    return started;
  };
  let server = await start();
  const nameIn = (database: string) =>
    `postgresql://opensmki@localhost/${database}?host=${encodeURIComponent(socket)}`;
  const template = connect(server, { applicationName: "torture", poolSize: 1 });
  await migrate(template);
  await template.close();
  const create = async (name: string, like: string) => {
    const client = new Client({ connectionString: nameIn("postgres") });
    await client.connect();
    try {
      await client.query(`create database ${escapeIdentifier(name)} template ${like}`);
    } finally {
      await client.end();
    }
    return nameIn(name);
  };
  return {
    pid: () => server.pid,
    newDatabase: (name) => create(name, "opensmki"),
    emptyDatabase: (name) => create(name, "template0"),
    restart: async () => {
      await server.exited;
      server = await start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/**
 * Kills a server and all its processes at once, as a power cut does: nothing that it had not written is written.
 * Synchronous, so that whoever calls it at a step is still at that step afterwards.
 */
export function killServer(pid: number): void {
  // Stopped first, so that it starts no other while its children are counted.
  process.kill(pid, "SIGSTOP");
  for (const child of childrenOf(pid)) {
    try {
      process.kill(child, "SIGKILL");
    } catch {
      // It ended by itself in between.
    }
  }
  process.kill(pid, "SIGKILL");
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((candidate) => Number.isSafeInteger(candidate) && parentOf(candidate) === pid);
}

/** Field 4 of proc(5)'s `stat`; the name before it, in parentheses, may hold anything. */
function parentOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
