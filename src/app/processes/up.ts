import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { selectAuthorities } from "../../authorities/authority-store.ts";
import { milliseconds } from "../../rulebook/index.ts";
import { settingsEnvironment } from "../../settings/environment.ts";
import type { Settings } from "../../settings/settings.ts";
import { requireHierarchy } from "../estate/ceremony-room.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { type Child, type Readiness, startChild } from "./child.ts";

/** A running service. */
export interface RunningService {
  readonly estate: Estate;
  /** The JSON API. */
  readonly url: string;
  /** The repository service in the manner of DCC Boxed; undefined where it does not run. */
  readonly repositoryUrl: string | undefined;
  /** What the workers sign with. */
  readonly signer: string;
  readonly logFile: string;
  /** Resolves when the service ended because a process of it could not be kept running. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
  /** Ends the processes at once; the database recovers at the next start. */
  readonly kill: () => void;
}

/** A process that ends more often than this in a minute is not started again. */
const restartsAMinute = 5;

/**
 * Starts the service on a data folder: PostgreSQL, the web process, the workers; and keeps them running.
 *
 * @throws SmkiError ESTATE_EMPTY, DATABASE_FOLDER_IN_USE, PORT_IN_USE, PROCESS_FAILED and whatever keeps a part away
 */
export async function startService(settings: Settings): Promise<RunningService> {
  const estate = await openEstate(settings, { applicationName: "smki up", server: "start" });
  const supervisor = new Supervisor(estate);
  try {
    requireHierarchy((await estate.database.read((tx) => selectAuthorities(tx))).length, settings.dataFolder);
    const [web, ...workers] = await supervisor.startAll();
    return {
      estate,
      url: String(web?.["url"]),
      repositoryUrl: web?.["repositoryUrl"] === undefined ? undefined : String(web["repositoryUrl"]),
      signer: String(workers[0]?.["signer"]),
      logFile: supervisor.logFile,
      failed: supervisor.failed,
      stop: async () => {
        await supervisor.stop();
        await estate.close();
      },
      kill: () => {
        supervisor.kill();
      },
    };
  } catch (error) {
    await supervisor.stop();
    await estate.close();
    throw error;
  }
}

class Supervisor {
  readonly logFile: string;
  readonly failed: Promise<Error>;
  readonly #estate: Estate;
  readonly #log: number;
  readonly #children = new Set<Child>();
  readonly #fail: (error: Error) => void;
  #stopping = false;

  constructor(estate: Estate) {
    this.#estate = estate;
    mkdirSync(estate.paths.log, { recursive: true, mode: 0o700 });
    this.logFile = join(estate.paths.log, "service.log");
    this.#log = openSync(this.logFile, "a", 0o600);
    const failure = Promise.withResolvers<Error>();
    this.failed = failure.promise;
    this.#fail = failure.resolve;
  }

  startAll(): Promise<Readiness[]> {
    const { workers } = this.#estate.settings;
    const roles = ["serve" as const, ...Array.from({ length: workers.count }, () => "work" as const)];
    return Promise.all(roles.map((role) => this.#start(role, []).ready));
  }

  #start(role: Child["role"], restarts: readonly number[]): Child {
    const { settings, connectionString } = this.#estate;
    const environment = { ...settingsEnvironment(settings), DATABASE_URL: connectionString };
    const child = startChild(role, environment, this.#log);
    this.#children.add(child);
    void child.exited.then(() => {
      this.#children.delete(child);
      if (!this.#stopping) void this.#restart(role, restarts);
    });
    return child;
  }

  async #restart(role: Child["role"], restarts: readonly number[]): Promise<void> {
    const now = performance.now();
    const recent = [...restarts.filter((moment) => now - moment < 60_000), now];
    if (recent.length > restartsAMinute) {
      this.#fail(new Error(`the ${role} process ends again and again`));
      return;
    }
    await sleep(500);
    if (!this.#stopping) this.#start(role, recent).ready.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const limit = milliseconds(this.#estate.rules.shutdownLimit) * 0.8;
    const ended = Promise.all([...this.#children].map((child) => child.exited));
    for (const child of this.#children) child.process.kill("SIGTERM");
    const inTime = await Promise.race([ended.then(() => true), sleep(limit, false, { ref: false })]);
    if (!inTime) this.kill();
    await ended;
    closeSync(this.#log);
  }

  kill(): void {
    this.#stopping = true;
    for (const child of this.#children) child.process.kill("SIGKILL");
  }
}
