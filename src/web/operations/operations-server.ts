import { type FastifyBaseLogger, type FastifyInstance, fastify } from "fastify";
import type { Registry } from "prom-client";
import { type HealthContext, healthRoutes } from "./health-routes.ts";

/** What the server answers with. */
export interface OperationsContext extends HealthContext {
  /** This process's own figures. */
  readonly registry: Registry;
  /** Further figures, worked out when they are asked for, in Prometheus's text form. */
  readonly current?: () => Promise<string>;
  readonly logger: FastifyBaseLogger;
}

/**
 * The server for the operator's own machines: `/metrics` as Prometheus reads it, `/healthz` and `/readyz`. Plain HTTP,
 * and to be bound to loopback: how busy a key infrastructure is tells a stranger much.
 */
export function createOperationsServer(context: OperationsContext): FastifyInstance {
  const { registry, current, logger } = context;
  const server = fastify({
    loggerInstance: logger.child({}, { level: "warn" }),
    // A request here is one line.
    bodyLimit: 1024,
    requestTimeout: 10_000,
    return503OnClosing: true,
  }) as unknown as FastifyInstance;
  healthRoutes(server, context);
  server.get("/metrics", async (_, reply) =>
    reply.type(registry.contentType).send((await registry.metrics()) + ((await current?.()) ?? "")),
  );
  return server;
}
