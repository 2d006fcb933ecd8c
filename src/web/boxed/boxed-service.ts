import { hash, timingSafeEqual } from "node:crypto";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Database } from "../../database/connect.ts";
import { type Environment, readEstate } from "../../database/estate.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Clock } from "../../time/clock.ts";
import { refusalOf, responseRootOf } from "../repository-service/refusal.ts";
import { logRequests } from "../repository-service/request-log.ts";
import { refusalResponse } from "../repository-service/response.ts";
import { searchRoutes, takeXmlOnly, xmlMediaType } from "../repository-service/search-routes.ts";
import { smallDocument } from "../xml/index.ts";
import type { BundleSource } from "./bundle.ts";
import { bundleRoutes } from "./bundle-routes.ts";
import { closeFurtherServer, loopbackServerFactory, refuseOtherHosts } from "./loopback.ts";

/** What the service works with. */
export interface BoxedServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly environment: Environment;
  /** What clients must send as `?apikey=`; absent: any, or none. */
  readonly apiKey?: string;
  /** Absent: there is no bundle. */
  readonly bundle?: BundleSource;
  /** A pino logger. Absent: nothing is logged. */
  readonly logger?: FastifyBaseLogger;
}

/**
 * Makes the repository service that DCC Boxed offers, for clients that exist: the DCC's own npm package
 * `@smartdcc/dccboxed-keystore` above all. Plain HTTP; see docs/boxed-service.md.
 *
 * @returns a service to be started with `listenBoxedService`
 * @throws SmkiError BOXED_SERVICE_IN_LIVE: it answers without authentication and gives out private keys
 * @example
 * ```ts
 * const service = createBoxedService({ database, clock, environment: "test", logger });
 * const { port } = await listenBoxedService(service, 8083);
 * ```
 */
export function createBoxedService(options: BoxedServiceOptions): FastifyInstance {
  const { database, clock, apiKey } = options;
  if (options.environment === "live") throw new SmkiError("BOXED_SERVICE_IN_LIVE");

  const answerError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const { status, message, error } = refusalOf(thrown);
    const note = noteOf(request);
    note.code = error.code;
    if (status >= 500) request.log.error({ err: error, auditReference: note.auditReference }, error.message);
    const head = { code: status, message, auditReference: note.auditReference };
    return reply
      .code(status)
      .type(xmlMediaType)
      .send(refusalResponse(responseRootOf(note.path), head));
  };

  const service = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    // Fastify's own line has the query in it, and with it the api key.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: smallDocument.maximumOctets,
    serverFactory: loopbackServerFactory,
    frameworkErrors: (error, request, reply) => {
      void answerError(error, request, reply);
    },
  });
  const noteOf = logRequests(service, clock);
  service.setErrorHandler(answerError);
  service.setNotFoundHandler((request, reply) =>
    answerError(new SmkiError("BOXED_ADDRESS_NOT_FOUND"), request, reply),
  );
  // Whatever the setting says: a database is live or test for ever.
  service.addHook("onReady", async () => {
    const estate = await database.read(readEstate);
    if (estate?.environment === "live") throw new SmkiError("BOXED_SERVICE_IN_LIVE");
  });
  refuseOtherHosts(service);
  closeFurtherServer(service);
  service.register(async (services) => {
    if (apiKey !== undefined)
      services.addHook("onRequest", async (request) => requireApiKey(request, apiKey));
    takeXmlOnly(services);
    searchRoutes(services, database, clock, noteOf);
  });
  service.register(async (assets) => {
    bundleRoutes(assets, options.bundle, noteOf);
  });
  return service;
}

/** A client that is set up wrongly learns what is wrong by 401, which it reports as invalid parameters. */
function requireApiKey(request: FastifyRequest, apiKey: string): void {
  const { apikey } = request.query as Readonly<Record<string, unknown>>;
  // Digests are of one length, so that the time taken tells nothing of the key.
  const [given, wanted] = [typeof apikey === "string" ? apikey : "", apiKey].map((key) =>
    hash("sha256", key, "buffer"),
  ) as [Buffer, Buffer];
  if (!timingSafeEqual(given, wanted)) throw new SmkiError("BOXED_API_KEY_WRONG");
}
