import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Database } from "../../database/connect.ts";

/** What the two answers depend on. */
export interface HealthContext {
  readonly database: Pick<Database, "checkHealth">;
  /** Aborted when the process stops. */
  readonly stopping?: AbortSignal | undefined;
  /** Why this process cannot do its work just now, in one line; undefined when it can. */
  readonly trouble?: () => string | undefined;
}

/** A database that does not answer within this is away, in milliseconds; whoever asks gives up soon after. */
const answerWithin = 2_000;

/**
 * Two questions of a load balancer or a supervisor, for everyone, in plain text.
 *
 * - `/healthz`: is this process alive? Nothing else is asked, so that an outage of the database restarts no process.
 * - `/readyz`: should requests be sent here; of a worker, is it at work? 503 while the database is away or something else
 *   keeps it from its work, and from the moment of a stop on.
 */
export function healthRoutes(server: FastifyInstance, { database, stopping, trouble }: HealthContext): void {
  const isPublic = { config: { access: "public" }, schema: { hide: true } } as const;
  server.get("/healthz", isPublic, async (_, reply) => reply.type("text/plain").send("ok\n"));
  server.get("/readyz", isPublic, async (_, reply) => {
    void reply.type("text/plain").header("cache-control", "no-store");
    if (stopping?.aborted === true) return reply.code(503).send("stopping\n");
    // The reason stands in the log; here it would be for everyone.
    const answered = await Promise.race([
      database.checkHealth().then(
        () => true,
        () => false,
      ),
      sleep(answerWithin, false, { ref: false }),
    ]);
    if (!answered) return reply.code(503).send("database unavailable\n");
    const met = trouble?.();
    return met === undefined ? reply.send("ok\n") : reply.code(503).send(`${met}\n`);
  });
}
