import type { FastifyInstance, FastifyRequest } from "fastify";
import { apiKeyAuthentication, type Door } from "../../repository/access/authenticate.ts";
import type { UsageCounter } from "../../repository/access/usage.ts";
import type { RequestNotes } from "./request-log.ts";

/**
 * Lets only users of the repository through to the routes of this scope, before any of the body is read, and counts
 * what they ask.
 */
export function requireApiKeys(
  services: FastifyInstance,
  door: Door,
  usage: UsageCounter,
  noteOf: RequestNotes,
): void {
  const authenticate = apiKeyAuthentication(door);
  services.addHook("onRequest", async (request) => {
    const user = await authenticate(apiKeyOf(request));
    noteOf(request).user = user.id;
    usage.count(user, "web-service");
  });
}

/**
 * The API key of a request: of the header `x-api-key`, of `authorization: Bearer`, or else of the query. A header goes
 * before the query, since the DCC's own client always sends the emulator's `apikey` in the query, whatever else it is
 * given.
 */
function apiKeyOf({ headers, query }: FastifyRequest): string {
  const { "x-api-key": own, authorization } = headers;
  if (own !== undefined) return typeof own === "string" ? own : "";
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
  const { apikey } = query as Readonly<Record<string, unknown>>;
  return typeof apikey === "string" ? apikey : "";
}
