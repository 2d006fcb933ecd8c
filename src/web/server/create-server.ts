import { randomUUID } from "node:crypto";
import type { SecureContextOptions, Server } from "node:tls";
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RawServerDefault,
} from "fastify";
import { SmkiError } from "../../errors/smki-error.ts";
import { allowedMethods } from "./allowed-methods.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { limitPipelining } from "./limit-pipelining.ts";
import { answerError } from "./problem.ts";

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
  /** The CAs that issue credentials, with their roots, PEM: whose client certificates are looked at. */
  readonly clientAuthorities: readonly string[];
  readonly logger: FastifyBaseLogger;
  /** Greatest body, in octets. */
  readonly bodyLimit: number;
  /** Connections that may be open at once; any more are closed as they come. No limit if left out. */
  readonly maximumConnections?: number;
  /** How long a client may take over things. */
  readonly patience?: Partial<Patience>;
}

/** How long a client may take over things, in milliseconds; after that its connection is closed. */
export interface Patience {
  readonly handshake: number;
  readonly headers: number;
  /** For the whole request, body included. */
  readonly request: number;
  /** Without any progress while an answer goes out: one who never reads would keep the connection for ever. */
  readonly answer: number;
  /** How often connections are looked at for headers and request. */
  readonly check: number;
}

/** A batch of 50,000 CSRs, 22 MB, still passes a line of 1.5 Mbit/s. */
const usualPatience: Patience = {
  handshake: 10_000,
  headers: 15_000,
  request: 120_000,
  answer: 120_000,
  check: 5_000,
};

/** The four suites that SEC Appendix M, appendix G publishes for TLS 1.2, in OpenSSL's names. */
export const publishedSuites = [
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-SHA256",
] as const;

/** The suites of TLS 1.3 itself (RFC 8446, appendix B.4) without the two for constrained devices. */
export const suitesOfTls13 = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
] as const;

/** A log whose lines of requests have no query: an API key may stand there, under whatever spelling. */
function withoutQueries(logger: FastifyBaseLogger): FastifyBaseLogger {
  const req = ({ method, url, host, ip, socket }: FastifyRequest) => ({
    method,
    url: url.split("?", 1)[0],
    host,
    remoteAddress: ip,
    // A request whose address cannot be read has none yet.
    remotePort: (socket as typeof socket | undefined)?.remotePort,
  });
  return logger.child({}, { serializers: { req } });
}

/**
 * How long the parameters of a session may be used again without a full handshake (SEC Appendix M 2.4 and 2.5 name a
 * renegotiation timeout of five minutes for each connection).
 */
const sessionSeconds = 5 * 60;

function secureContext({
  tls,
  clientAuthorities,
}: Pick<WebServerOptions, "tls" | "clientAuthorities">): SecureContextOptions {
  return {
    ...tls,
    ca: [...clientAuthorities],
    minVersion: "TLSv1.2",
    ciphers: [...publishedSuites, ...suitesOfTls13].join(":"),
    honorCipherOrder: true,
    sessionTimeout: sessionSeconds,
  };
}

/**
 * From now on, at new connections (resumed sessions too), this certificate is shown and only these CAs' client
 * certificates are looked at. Connections that are open stay open.
 */
export function renewSecureContext(
  server: WebServer,
  context: Pick<WebServerOptions, "tls" | "clientAuthorities">,
): void {
  (server.server as unknown as Server).setSecureContext(secureContext(context));
}

/**
 * Makes the HTTPS server. A client certificate is asked for and not demanded: each route says whether it needs
 * a credential, and whose it is is decided by the registration on every request.
 */
export function createWebServer(options: WebServerOptions): WebServer {
  const patience = { ...usualPatience, ...options.patience };
  const server = fastify({
    https: {
      ...secureContext(options),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: patience.handshake,
      headersTimeout: patience.headers,
      requestTimeout: patience.request,
      connectionsCheckingInterval: patience.check,
    },
    requestTimeout: patience.request,
    loggerInstance: withoutQueries(options.logger),
    bodyLimit: options.bodyLimit,
    // A request number that a client can quote, and nobody can guess or choose.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as WebServer;
  // TypeBox's own: converts what stands in an address, and takes a body as it is. Fastify's default would turn
  // 5 into "5" there, and drop what it does not know without a word.
  server.setValidatorCompiler(TypeBoxValidatorCompiler);
  server.setErrorHandler(answerError);
  limitPipelining(server);
  server.addHook("onSend", (request, reply, payload, done) => {
    // From here on the work is done, and only the client can hold things up.
    reply.raw.setTimeout(patience.answer, () => reply.raw.destroy());
    if (!request.raw.complete) hearOut(request, reply);
    done(null, payload);
  });
  // Each connection costs memory, and its handshake a signature: a flood ends here, and those who are in are served.
  if (options.maximumConnections !== undefined) server.server.maxConnections = options.maximumConnections;

  const methodsAt = allowedMethods(server);
  const refuseAddress = (request: FastifyRequest, reply: FastifyReply): never => {
    const path = (request.url.split("?", 1)[0] ?? "").slice(0, 200);
    const methods = methodsAt(path);
    if (methods.length === 0) throw new SmkiError("ADDRESS_NOT_FOUND", { path });
    void reply.header("allow", methods.join(", "));
    throw new SmkiError("METHOD_NOT_ALLOWED", { method: request.method, allowed: methods.join(", ") });
  };
  // Before the body is read and parsed, which costs anyone who sends one nothing.
  server.addHook("onRequest", async (request, reply) => {
    if (request.is404) refuseAddress(request, reply);
  });
  server.setNotFoundHandler(refuseAddress);
  return server;
}

/**
 * Reads to its end a body that is answered before it, and keeps nothing of it: a client that sends everything before it
 * looks for an answer would wait for us, or find its connection closed and never know why. The time for the whole request
 * ends this too.
 */
function hearOut({ raw }: FastifyRequest, reply: FastifyReply): void {
  // Set where a body is too large.
  reply.removeHeader("connection");
  raw.resume();
}
