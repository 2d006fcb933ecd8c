import { randomUUID } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { type FastifyBaseLogger, type FastifyInstance, fastify, type RawServerDefault } from "fastify";
import { catalogue } from "../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";

/** A web server whose routes are typed by their schemas. */
export type WebServer = FastifyInstance<
  RawServerDefault,
  import("node:http").IncomingMessage,
  import("node:http").ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the server is made of. */
export interface WebServerOptions {
  /** The server's own certificate chain and key, PEM. */
  readonly tls: Pick<SecureContextOptions, "cert" | "key">;
  /** The IKI's CA certificates, PEM: whose client certificates are looked at. */
  readonly clientAuthorities: readonly string[];
  readonly logger: FastifyBaseLogger;
  /** Greatest body, in octets. */
  readonly bodyLimit: number;
}

/** The four suites that SEC Appendix M, appendix G publishes for TLS 1.2, in OpenSSL's names; TLS 1.3 has its own. */
const publishedSuites = [
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-SHA256",
];

/**
 * Makes the HTTPS server. A client certificate is asked for and not demanded: each route says whether it needs
 * a credential, and whose it is is decided by the registration on every request.
 */
export function createWebServer(options: WebServerOptions): WebServer {
  const server = fastify({
    https: {
      ...options.tls,
      ca: [...options.clientAuthorities],
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      ciphers: [...publishedSuites, "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"].join(":"),
      honorCipherOrder: true,
    },
    loggerInstance: options.logger,
    bodyLimit: options.bodyLimit,
    // A request number that a client can quote, and nobody can guess or choose.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as WebServer;

  server.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error);
    const { status } = catalogue[refusal.code];
    if (status === 500) request.log.error({ err: error }, refusal.code);
    return reply.status(status).send(problem(refusal, request.id));
  });
  server.setNotFoundHandler((request, reply) =>
    reply
      .status(404)
      .send(problem(new SmkiError("ADDRESS_NOT_FOUND", { path: request.url.slice(0, 200) }), request.id)),
  );
  return server;
}

/** What a client is told of an error: code, what happened, what to do. Internals stay in the log. */
export function problem(refusal: SmkiError, request: string): object {
  const { status } = catalogue[refusal.code];
  // What a client cannot cause is told without details: they may name hosts, paths and tables.
  const told = status === 500 || status === 503 ? new SmkiError(refusal.code) : refusal;
  return { code: told.code, message: told.message, remedy: told.remedy, details: told.details, request };
}

function asRefusal(error: unknown): SmkiError {
  if (isSmkiError(error)) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  const options = { cause: error };
  if (statusCode === 413) return new SmkiError("REQUEST_TOO_LARGE", {}, options);
  if (statusCode === 503) return new SmkiError("SERVICE_STOPPING", {}, options);
  if (statusCode !== undefined && statusCode < 500)
    return new SmkiError("REQUEST_INVALID", { problem: String(message).slice(0, 300) }, options);
  return new SmkiError("INTERNAL", {}, options);
}
