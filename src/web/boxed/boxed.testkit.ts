import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import {
  lodgeTestCertificates,
  lodgeTestHierarchy,
  type TestCertificate,
  type TestHierarchy,
} from "../../authorities/authorities.testkit.ts";
import type { Database } from "../../database/connect.ts";
import { testDatabase } from "../../database/testkit.ts";
import { type BoxedServiceOptions, createBoxedService } from "./boxed-service.ts";
import { listenBoxedService } from "./loopback.ts";

/** The moment at which every request of these tests is made. */
export const testNow = new Date("2026-03-04T05:06:07.008Z");

/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A service that listens, with what it logged. */
export interface RunningService {
  readonly service: FastifyInstance;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly port: number;
  readonly urls: readonly string[];
  /** Every line so far, as text. */
  readonly logText: () => string;
  /**
   * The requests logged since the last call. A line is written when its answer has been sent, which the client
   * may see first, so this waits until there are as many as expected; a test then sees if there are more.
   */
  readonly takeRequests: (expected: number) => Promise<LogLine[]>;
}

/** A database with two hierarchies, and services on it. */
export interface BoxedTestbed {
  readonly database: Database;
  readonly connectionString: string;
  readonly hierarchy: TestHierarchy;
  lodge(...certificates: TestCertificate[]): Promise<void>;
  start(options?: Partial<BoxedServiceOptions>): Promise<RunningService>;
  /** Stops every service and removes the database. */
  end(): Promise<void>;
}

/** Makes it. */
export async function boxedTestbed(): Promise<BoxedTestbed> {
  const { database, connectionString, drop } = await testDatabase();
  const hierarchy = await database.transaction((tx) => lodgeTestHierarchy(tx, testNow));
  const services: FastifyInstance[] = [];
  return {
    database,
    connectionString,
    hierarchy,
    lodge: (...certificates) =>
      database.transaction((tx) => lodgeTestCertificates(tx, certificates, testNow)),
    start: async (options = {}) => {
      const lines: string[] = [];
      const logger = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
      const service = createBoxedService({
        database,
        clock: () => testNow,
        environment: "test",
        logger,
        ...options,
      });
      services.push(service);
      const { port, urls } = await listenBoxedService(service, 0);
      let taken = 0;
      return {
        service,
        port,
        urls,
        url: urls[0] ?? "",
        logText: () => lines.join(""),
        takeRequests: async (expected) => {
          const fresh = () =>
            lines
              .slice(taken)
              .map((line) => JSON.parse(line) as LogLine)
              .filter(({ msg }) => msg === "repository request");
          const end = performance.now() + 5_000;
          while (fresh().length < expected && performance.now() < end) await sleep(5);
          const requests = fresh();
          taken = lines.length;
          return requests;
        },
      };
    },
    end: async () => {
      await Promise.all(services.map((service) => service.close()));
      await drop();
    },
  };
}
