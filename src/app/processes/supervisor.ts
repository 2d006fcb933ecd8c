import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { settingsEnvironment } from "../../settings/environment.ts";
import type { Estate } from "../estate/estate.ts";
import { type Child, type Readiness, startChild } from "./child.ts";
import { isKeyStoreOutage } from "./key-watch.ts";
import { LogFile } from "./log-file.ts";

/** A process that ends more often than this in a minute is not started again. */
const restartsAMinute = 5;
const pauseBeforeRestart = 500;
/**
 * Where the key store is away, another attempt is made this often and no oftener: without the workers the service
 * still answers, receives and serves, and it must not end because a token is being exchanged.
 */
const pauseWhileKeysAreAway = 15_000;
const lookAtLogEvery = 2_000;

/** Keeps the processes of a service running. */
export class Supervisor {
  readonly logFile: string;
  /** Resolves when a process, or the database, could not be kept running. */
  readonly failed: Promise<Error>;
  readonly #estate: Estate;
  readonly #log: LogFile;
  readonly #logTimer: NodeJS.Timeout;
  readonly #children = new Set<Child>();
  readonly #fail: (error: Error) => void;
  readonly #stop = new AbortController();
  #stopping = false;
  /** Where a port was any that is free, a web process that follows another keeps that one's. */
  #ports: Readonly<Record<string, string>> = {};

  constructor(estate: Estate) {
    this.#estate = estate;
    this.logFile = join(estate.paths.log, "service.log");
    const { fileMegabytes, keptFiles } = estate.settings.log;
    this.#log = new LogFile(this.logFile, { size: fileMegabytes * 1024 * 1024, kept: keptFiles });
    this.#logTimer = setInterval(() => {
      this.#trimLog();
    }, lookAtLogEvery).unref();
    this.#trimLog();
    const failure = Promise.withResolvers<Error>();
    this.failed = failure.promise;
    this.#fail = failure.resolve;
    void estate.databaseEnded.then(() => {
      if (!this.#stopping) this.#fail(new Error("the database's server ended by itself"));
    });
    // However we end, by a second Ctrl-C or by a fault of our own: nothing of the service stays behind.
    process.on("exit", this.#killAtExit);
  }

  startAll(): Promise<Readiness[]> {
    const { workers } = this.#estate.settings;
    const roles = ["serve" as const, ...Array.from({ length: workers.count }, () => "work" as const)];
    return Promise.all(roles.map((role) => this.#start(role, []).ready));
  }

  #start(role: Child["role"], restarts: readonly number[]): Child {
    const { settings, connectionString } = this.#estate;
    const environment = { ...settingsEnvironment(settings), DATABASE_URL: connectionString, ...this.#ports };
    const child = startChild(role, environment, this.#log.descriptor, this.logFile);
    this.#children.add(child);
    if (role === "serve")
      child.ready.then(
        (where) => {
          this.#ports = portsOf(where);
        },
        () => undefined,
      );
    void child.exited.then(() => {
      this.#children.delete(child);
      if (!this.#stopping) void this.#restart(child, restarts);
    });
    return child;
  }

  async #restart({ role, ready, lastWords }: Child, restarts: readonly number[]): Promise<void> {
    // In this while its last words arrive, if it had any.
    await this.#pause(pauseBeforeRestart);
    const inThisMinute = () => restarts.filter((moment) => performance.now() - moment < 60_000);
    if (isKeyStoreOutage(lastWords()) && inThisMinute().length > 0) await this.#pause(pauseWhileKeysAreAway);
    if (this.#stopping) return;
    const recent = [...inThisMinute(), performance.now()];
    if (recent.length > restartsAMinute) {
      const last = lastWords() ?? (await ready.catch((error: unknown) => error));
      const why = last instanceof Error ? `: ${last.message}` : "";
      this.#fail(new Error(`the ${role} process ends again and again${why}`));
      return;
    }
    this.#start(role, recent).ready.catch(() => undefined);
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  /**
   * Asks every process to finish what it has begun; those that do not in time are ended. May be called twice.
   *
   * @param limit - milliseconds
   */
  async stop(limit: number): Promise<void> {
    const first = !this.#stopping;
    this.#stopping = true;
    this.#stop.abort();
    const ended = Promise.all([...this.#children].map((child) => child.exited));
    for (const child of this.#children) child.process.kill("SIGTERM");
    const inTime = await Promise.race([ended.then(() => true), sleep(limit, false, { ref: false })]);
    if (!inTime) this.kill();
    await ended;
    process.off("exit", this.#killAtExit);
    clearInterval(this.#logTimer);
    if (first) this.#log.close();
  }

  #trimLog(): void {
    try {
      this.#log.trim();
    } catch {
      // A full disk is told by everything else; the service does not end for its log's sake.
    }
  }

  /** Ends every process at once. What they had begun is gone on with at the next start. */
  kill(): void {
    this.#stopping = true;
    this.#stop.abort();
    for (const child of this.#children) child.process.kill("SIGKILL");
  }

  readonly #killAtExit = (): void => {
    this.kill();
  };
}

/** The ports that a web process found, as settings for its successor. */
function portsOf({ url, repositoryUrl, metricsUrl, sftpPort }: Readiness): Record<string, string> {
  return {
    SMKI_WEB_PORT: new URL(String(url)).port,
    ...(metricsUrl === undefined ? {} : { SMKI_METRICS_PORT: new URL(String(metricsUrl)).port }),
    ...(sftpPort === undefined ? {} : { SMKI_EXTRACT_SFTP_PORT: String(sftpPort) }),
    ...(repositoryUrl === undefined
      ? {}
      : { SMKI_REPOSITORY_SERVICE_PORT: new URL(String(repositoryUrl)).port }),
  };
}
