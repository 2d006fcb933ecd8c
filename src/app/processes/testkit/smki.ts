import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const main = resolve(import.meta.dirname, "../../main.ts");
/** As the script `smki` has it: starting is mostly compiling. */
const compileCache = resolve(import.meta.dirname, "../../../../.cache/compile");
const folders: string[] = [];
const children = new Set<ChildProcess>();

/** How a run of the command ended, and what it said. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From start to end. */
  readonly milliseconds: number;
}

/** A run of the command. */
export interface Running {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  /** Ctrl-C: the terminal sends SIGINT to the whole process group. */
  interrupt(): void;
  /** To the one process. */
  kill(signal: NodeJS.Signals): void;
}

/** What a run is started with, beside its words. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another user, when we are root. */
  readonly uid?: number;
  /** A program that starts it, with its words. */
  readonly through?: readonly string[];
}

/** A folder of mode 0700 that is removed at the end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smki-t-"));
  folders.push(folder);
  return folder;
}

const inherited = ["PATH", "HOME", "LANG", "XDG_RUNTIME_DIR"];

/** Starts `smki` as a process group of its own, on free ports, with one worker and a small stock. */
export function startSmki(
  words: readonly string[],
  { env = {}, uid, through = [] }: RunOptions = {},
): Running {
  const own = Object.fromEntries(inherited.flatMap((name) => [[name, process.env[name]]]));
  const [program = process.execPath, ...line] = [...through, process.execPath, main, ...words];
  const child = spawn(program, line, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...own,
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? compileCache,
      SMKI_WEB_PORT: "0",
      SMKI_REPOSITORY_SERVICE_PORT: "0",
      SMKI_WORKERS_COUNT: "1",
      SMKI_ISSUING_DCA_STOCK_SIZE: "3",
      ...env,
    },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.add(child);
  const began = performance.now();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = Promise.withResolvers<Ended>();
  child.on("error", ended.reject);
  child.on("close", (status) => {
    children.delete(child);
    ended.resolve({ status, stdout, stderr, milliseconds: performance.now() - began });
  });
  const { pid = 0 } = child;
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: ended.promise,
    interrupt: () => {
      process.kill(-pid, "SIGINT");
    },
    kill: (signal) => {
      process.kill(pid, signal);
    },
  };
}

/** Runs `smki` to its end. */
export function smki(words: readonly string[], options?: RunOptions): Promise<Ended> {
  return startSmki(words, options).ended;
}

/** Waits until `look` gives something. */
export async function until<Result>(
  look: () => Result | undefined | Promise<Result | undefined>,
  milliseconds = 30_000,
): Promise<Result> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`it did not happen in ${String(milliseconds)} ms`);
    await sleep(20);
  }
}

/** Processes that run on a data folder, by what they are: read from /proc. */
export function processesOn(data: string): { pid: number; role: string }[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      if (readlinkSync(`/proc/${entry}/cwd`).startsWith(`${data}/`)) return [{ pid, role: "postgres" }];
      const ours = words.includes(data) || environmentOf(entry).includes(`SMKI_DATA_FOLDER=${data}`);
      // Options of Node.js stand before it.
      const main = words.findIndex((word) => word.endsWith("/main.ts"));
      return ours && main > 0 ? [{ pid, role: words[main + 1] ?? "" }] : [];
    } catch {
      // Gone, or another user's.
      return [];
    }
  });
}

const environmentOf = (pid: string): string[] => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");

/** Waits until no process runs on a data folder any more. */
export async function untilNothingRunsOn(data: string, milliseconds = 10_000): Promise<void> {
  await until(() => (processesOn(data).length === 0 ? true : undefined), milliseconds);
}

/** Ends what is left of every run, and removes the folders. */
export async function cleanUp(): Promise<void> {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) {
    for (const { pid } of processesOn(folder)) process.kill(pid, "SIGKILL");
    for (let attempt = 0; ; attempt += 1)
      try {
        rmSync(folder, { recursive: true, force: true });
        break;
      } catch (error) {
        // A server that was just killed may still write its last file.
        if (attempt === 20) throw error;
        await sleep(100);
      }
  }
}
