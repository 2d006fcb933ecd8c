import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Database } from "../../database/connect.ts";
import type { SmkiError } from "../../errors/smki-error.ts";
import { UsageCounter } from "../../repository/access/usage.ts";
import type { ResponseTimes } from "../../repository/response-times.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import type { WebServer } from "../server/create-server.ts";
import { requireApiKeys } from "./api-keys.ts";
import { documentServiceRoutes } from "./document-service-routes.ts";
import { measureResponses } from "./measure.ts";
import { type OtherNames, refusalOf, responseRootOf } from "./refusal.ts";
import { logRequests } from "./request-log.ts";
import { refusalResponse } from "./response.ts";
import { searchRoutes, takeXmlOnly, xmlMediaType } from "./search-routes.ts";

/** What the web service of the SMKI Repository works with: given by the app. */
export interface RepositoryServiceContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Rulebook;
  /** Absent: nothing is measured. */
  readonly responseTimes?: ResponseTimes;
}

/** What the emulator's service says under names of its own. */
const names: OtherNames = {
  BOXED_PARAMETERS_INVALID: "REPOSITORY_PARAMETERS_INVALID",
  BOXED_CERTIFICATE_NOT_FOUND: "REPOSITORY_CERTIFICATE_NOT_FOUND",
  BOXED_MEDIA_TYPE: "REPOSITORY_MEDIA_TYPE",
  BOXED_REQUEST_INVALID: "REPOSITORY_REQUEST_INVALID",
};

/**
 * The web service of the SMKI Repository, for its users with their API keys: the two operations that DCC Boxed shows,
 * and others for documents and lists in the same manner. The true schema (SEC Appendix O) is not public.
 */
export async function registerRepositoryService(
  server: WebServer,
  context: RepositoryServiceContext,
): Promise<void> {
  const { database, clock } = context;
  const usage = new UsageCounter(database, clock, (error) => {
    server.log.error({ err: error }, "the usage of the repository could not be stored");
  });
  server.addHook("onClose", () => usage.close());
  await server.register(async (scope) => {
    const services = scope as unknown as FastifyInstance;
    const noteOf = logRequests(services, clock);
    services.setErrorHandler((thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const { status, message, error } = refusalOf(thrown, names);
      const { auditReference, path } = Object.assign(noteOf(request), { code: error.code });
      if (status >= 500) request.log.error({ err: error, auditReference }, error.message);
      return tellWhen(reply, error, clock())
        .code(status)
        .type(xmlMediaType)
        .send(refusalResponse(responseRootOf(path), { code: status, message, auditReference }));
    });
    measureResponses(services, context.responseTimes, "web-service");
    requireApiKeys(services, context, usage, noteOf);
    takeXmlOnly(services);
    searchRoutes(services, database, clock, noteOf);
    documentServiceRoutes(services, database, noteOf);
  });
}

/** Headers that HTTP has for a client that is not let in (RFC 9110 11.6.1, 10.2.3). */
function tellWhen(reply: FastifyReply, { code, details }: SmkiError, now: Date): FastifyReply {
  if (code === "REPOSITORY_CREDENTIAL_WRONG") return reply.header("www-authenticate", "Bearer");
  if (code !== "REPOSITORY_USER_LOCKED") return reply;
  const seconds = Math.ceil((Date.parse(String(details["until"])) - now.getTime()) / 1000);
  return reply.header("retry-after", String(Math.max(1, seconds)));
}
