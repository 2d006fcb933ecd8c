import type { FastifyInstance } from "fastify";
import { Histogram, type Registry } from "prom-client";

/** Seconds. The targets of SEC L8.1 and L8.4 are among them, so that a share within the target can be read off. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 30];

/**
 * Counts and times every request of a server, from its first line to the last octet handed to the system.
 *
 * By route and not by address: an address may hold a Device ID, and there are as many as a client likes.
 */
export function measureRequests(server: FastifyInstance, registry: Registry): void {
  const duration = new Histogram({
    name: "smki_http_request_duration_seconds",
    help: "Time from the first line of a request to the last octet of its answer",
    labelNames: ["method", "route", "status"],
    buckets,
    registers: [registry],
  });
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    duration.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
  });
}
