import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";
import { Client, escapeIdentifier } from "pg";
import { connect, type Database } from "./connect.ts";

/** A database of its own, migrated and otherwise empty. */
export interface TestDatabase {
  readonly database: Database;
  /** For further processes or connections. */
  readonly connectionString: string;
  /** Ends every connection and removes the database. */
  drop(): Promise<void>;
}

/**
 * The process whose end is the end of the run: the one that vitest was started as, which is the parent of a
 * worker process and the process of a worker thread; outside vitest, ourselves.
 */
const runPid = (): number =>
  process.env["VITEST"] !== undefined && isMainThread ? process.ppid : process.pid;

/** Tells a process from a later one of the same number: field 22 of proc(5), or nothing elsewhere. */
function startTime(pid: number): string {
  try {
    const status = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** The first to make the folder starts the server; all wait until it says that it is ready. */
async function serverOfRun(): Promise<string> {
  const pid = runPid();
  const folder = join(
    tmpdir(),
    `smki-test-${String(process.getuid?.() ?? 0)}-${String(pid)}-${startTime(pid)}`,
  );
  try {
    mkdirSync(folder, { mode: 0o700 });
    const script = join(import.meta.dirname, `testkit-server${extname(import.meta.filename)}`);
    const env = { ...process.env, NODE_OPTIONS: "" };
    spawn(process.execPath, [script, folder, String(pid)], { detached: true, stdio: "ignore", env }).unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (existsSync(join(folder, "ready"))) return readFileSync(join(folder, "ready"), "utf8");
    if (existsSync(join(folder, "failed"))) throw new Error(readFileSync(join(folder, "failed"), "utf8"));
    await sleep(10);
  }
  throw new Error(`no test server in ${folder} after 60 s`);
}

let known: Promise<string> | undefined;

async function administer(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: withName(connectionString, "postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

const withName = (connectionString: string, name: string): string =>
  connectionString.replace(/\/opensmki\?/, `/${name}?`);

/**
 * Makes a fresh database on the server of this test run, which the first call starts and which ends with the
 * run. Real PostgreSQL, with durability off. In a test file: once in `beforeAll`, `drop` in `afterAll`.
 */
export async function testDatabase(poolSize = 8): Promise<TestDatabase> {
  known ??= serverOfRun();
  const template = await known;
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(
    template,
    `create database ${escapeIdentifier(name)} template opensmki strategy file_copy`,
  );
  const connectionString = withName(template, name);
  const database = connect({ connectionString }, { applicationName: "test", poolSize });
  return {
    database,
    connectionString,
    drop: async () => {
      await database.close();
      await administer(template, `drop database if exists ${escapeIdentifier(name)} with (force)`);
    },
  };
}

/** Runs `work` with a fresh database, and removes it afterwards whatever happened. */
export async function withTestDatabase<Result>(
  work: (database: Database, test: TestDatabase) => Promise<Result>,
): Promise<Result> {
  const test = await testDatabase();
  try {
    return await work(test.database, test);
  } finally {
    await test.drop();
  }
}
