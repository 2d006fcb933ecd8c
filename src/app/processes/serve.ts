import type { Server, Socket } from "node:net";
import { collectDefaultMetrics, Registry } from "prom-client";
import { SmkiError } from "../../errors/smki-error.ts";
import { formatVerifierKey } from "../../ledger/note.ts";
import { ResponseTimes } from "../../repository/response-times.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { registerApi } from "../../web/api/api.ts";
import { createBoxedService, listenBoxedService } from "../../web/boxed/index.ts";
import { estService } from "../../web/est/est-service.ts";
import { healthRoutes } from "../../web/operations/health-routes.ts";
import { createOperationsServer } from "../../web/operations/operations-server.ts";
import { measureRequests } from "../../web/operations/request-metrics.ts";
import { registerRepositoryService } from "../../web/repository-service/repository-service.ts";
import { createWebServer, renewSecureContext, type WebServer } from "../../web/server/create-server.ts";
import { UploadSlots } from "../../web/server/upload-slots.ts";
import { registerSmkiServices } from "../../web/smki/services/smki-services.ts";
import { readBundle } from "../demo/bundle.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { readVerifierKey } from "../estate/ledger-key.ts";
import { batchTerms } from "../estate/terms.ts";
import { within } from "../estate/within.ts";
import { software } from "../software.ts";
import { startCollecting } from "./collect-cosignatures.ts";
import { credentialAuthorities, followCredentialAuthorities } from "./credential-authorities.ts";
import { estateMetrics } from "./estate-metrics.ts";
import { fileTransferOf, serveExtracts } from "./file-transfer.ts";
import { createLog, type Log, loggable } from "./log.ts";
import { firstServerTls, followServerTls } from "./server-certificate.ts";
import { listenForStop, type Stopping, tellReady, whenStopped } from "./stopping.ts";

/** Longest read for a client, in milliseconds: a search of everything must not keep the database from others. */
const longestRead = 30_000;

/** Of a body whose route says nothing else, in octets: routes that take batches and files have limits of their own. */
const bodyLimit = 1024 * 1024;

/** What has been opened and must be closed in time. */
interface ClosingServer {
  /** Takes no new connections and requests, and waits for those under way. */
  close(): Promise<unknown>;
  readonly dropConnections: () => void;
}

/** The web process: serves the interfaces and opens no key. */
export async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings, "serve");
  const stopping = listenForStop();
  const estate = await openEstate(settings, { applicationName: "smki serve", server: "join", longestRead });
  const servers: ClosingServer[] = [];
  let collecting: Promise<void> | undefined;
  try {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const api = await createApi(estate, log, stopping, registry);
    servers.push(closing(api));
    const { host, port } = settings.web;
    const url = await listen(() => api.listen({ host, port }), host, port);
    const repositoryUrl = settings.repositoryService.enabled
      ? await startBoxed(estate, log, servers)
      : undefined;
    const sftp = await startFileTransfer(estate, log, servers);
    const metricsUrl = await startOperations(estate, log, stopping, registry, servers);
    collecting = startCollecting(estate, log, stopping.signal);
    log.info({ url, repositoryUrl, metricsUrl, ...sftp }, "listening");
    tellReady({
      url,
      ...(repositoryUrl === undefined ? {} : { repositoryUrl }),
      ...(metricsUrl === undefined ? {} : { metricsUrl }),
      ...sftp,
    });
    await whenStopped(stopping);
    log.info("stopping: taking no new requests");
  } finally {
    // Slow clients do not keep a stopping service.
    await within(
      milliseconds(estate.rules.shutdownLimit) / 2,
      Promise.all([...servers.map((server) => server.close()), collecting]),
    );
    // Who has not taken the answer by now keeps neither the database nor this process.
    for (const server of servers) server.dropConnections();
    await estate.close();
  }
}

function closing(server: { readonly server: Server; close(): Promise<unknown> }): ClosingServer {
  // Node's closeAllConnections knows none whose TLS handshake is still under way.
  const sockets = new Set<Socket>();
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return {
    close: () => server.close(),
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function createApi(
  estate: Estate,
  log: Log,
  stopping: Stopping,
  registry: Registry,
): Promise<WebServer> {
  const { settings, database, clock, rules, paths } = estate;
  let tls = await firstServerTls(estate);
  let clientAuthorities: readonly string[] = await credentialAuthorities(estate);
  const { maximumConnections } = settings.web;
  const server = createWebServer({ tls, clientAuthorities, logger: log, bodyLimit, maximumConnections });
  void followCredentialAuthorities(estate, clientAuthorities, stopping.signal, {
    onChange: (trusted) => {
      clientAuthorities = trusted;
      renewSecureContext(server, { tls, clientAuthorities });
      log.info({ count: trusted.length }, "the CAs of credentials have changed");
    },
    onFailure: (error) => {
      log.error(loggable(error), "could not look for revoked CAs");
    },
  });
  void followServerTls(estate, tls, stopping.signal, {
    onChange: (renewed) => {
      tls = renewed;
      renewSecureContext(server, { tls, clientAuthorities });
      log.info("the server's certificate was renewed");
    },
    onFailure: (error) => {
      log.error(
        loggable(error),
        "the server's certificate was changed and cannot be used; the one before it serves on",
      );
    },
  });
  measureRequests(server, registry);
  healthRoutes(server, { database, stopping: stopping.signal });
  const responseTimes = new ResponseTimes(database, clock, rules, (error) => {
    log.error(loggable(error), "the response times of the repository could not be stored");
  });
  server.addHook("onClose", () => responseTimes.close());
  await registerApi(server, {
    database,
    clock,
    rules,
    terms: batchTerms(settings, rules),
    environment: settings.environment,
    edition: settings.edition,
    responseTimes,
    software: software.nameAndVersion,
    stopping: stopping.signal,
    ledgerVerifierKey: formatVerifierKey(readVerifierKey(paths)),
    ledger: { isPublic: settings.ledger.public, quorum: settings.ledger.quorum },
    uploads: new UploadSlots(settings.web.maximumUploads),
    beside: (described) => serveExtracts(described, estate, log),
  });
  await registerSmkiServices(server, {
    database,
    clock,
    rules,
    terms: batchTerms(settings, rules),
    build: software.version,
    adHocPath: settings.smkiServices.adHocPath,
    // Slots of their own: files that are sent slowly keep no batch of the web service waiting.
    uploads: new UploadSlots(settings.web.maximumUploads),
    stopping: stopping.signal,
  });
  await registerRepositoryService(server, { database, clock, rules, responseTimes });
  const { enabled, allowance } = settings.est;
  if (enabled) estService(server, { database, clock, allowance, stopping: stopping.signal });
  return server;
}

async function startBoxed(estate: Estate, log: Log, servers: ClosingServer[]): Promise<string> {
  const { settings, database, clock, paths } = estate;
  const { apiKey, port } = settings.repositoryService;
  const boxed = createBoxedService({
    database,
    clock,
    environment: settings.environment,
    ...(apiKey === undefined ? {} : { apiKey }),
    bundle: () => readBundle(paths.demo),
    logger: log,
  });
  servers.push(closing(boxed));
  return (await listenBoxedService(boxed, port)).urls[0] ?? "";
}

async function startFileTransfer(
  estate: Estate,
  log: Log,
  servers: ClosingServer[],
): Promise<{ readonly sftpPort?: number; readonly sftpFingerprint?: string }> {
  const transfer = await fileTransferOf(estate, log);
  if (transfer === undefined) return {};
  servers.push(closing(transfer));
  const { host, port = 0 } = estate.settings.extract.sftp;
  const sftpPort = await listen(() => transfer.listen(port, host), host, port);
  return { sftpPort, sftpFingerprint: transfer.fingerprint };
}

async function startOperations(
  estate: Estate,
  logger: Log,
  stopping: Stopping,
  registry: Registry,
  servers: ClosingServer[],
): Promise<string | undefined> {
  const { port } = estate.settings.metrics;
  if (port === undefined) return undefined;
  const { database } = estate;
  const current = () => estateMetrics(estate);
  const server = createOperationsServer({ registry, current, database, stopping: stopping.signal, logger });
  servers.push(closing(server));
  const host = "127.0.0.1";
  return listen(() => server.listen({ host, port }), host, port);
}

async function listen<Where>(start: () => Promise<Where>, host: string, port: number): Promise<Where> {
  try {
    return await start();
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new SmkiError("PORT_IN_USE", { port }, { cause });
    if (["EACCES", "EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"].includes(code))
      throw new SmkiError("ADDRESS_UNUSABLE", { host, port, reason: code }, { cause });
    throw cause;
  }
}
