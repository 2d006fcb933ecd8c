import { readFileSync } from "node:fs";
import { encodePem } from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { issuerCertificates } from "../../repository/repository.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { registerApi } from "../../web/api/api.ts";
import { createBoxedService, listenBoxedService } from "../../web/boxed/index.ts";
import { createWebServer, type WebServer } from "../../web/server/create-server.ts";
import { readBundle } from "../demo/bundle.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { software } from "../software.ts";
import { createLog, type Log } from "./log.ts";
import { serverTls } from "./server-certificate.ts";
import { listenForStop, tellReady } from "./stopping.ts";

/** Fifty thousand CSRs in Base64 and JSON are about 22 MB. */
const bodyLimit = 32 * 1024 * 1024;

/** The web process: serves the interfaces and opens no key. */
export async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings, "serve");
  const stopping = listenForStop();
  const estate = await openEstate(settings, { applicationName: "smki serve", server: "join" });
  const servers: { close(): Promise<unknown> }[] = [];
  try {
    const api = await createApi(estate, log);
    servers.push(api);
    const { host, port } = settings.web;
    const url = await listen(() => api.listen({ host, port }), port);
    const repositoryUrl = settings.repositoryService.enabled
      ? await startBoxed(estate, log, servers)
      : undefined;
    log.info({ url, repositoryUrl }, "listening");
    tellReady({ url, ...(repositoryUrl === undefined ? {} : { repositoryUrl }) });
    await new Promise((resolve) => {
      stopping.signal.addEventListener("abort", resolve);
      if (stopping.signal.aborted) resolve(undefined);
    });
    log.info("stopping: taking no new requests");
  } finally {
    await within(
      milliseconds(estate.rules.shutdownLimit) / 2,
      Promise.all(servers.map((server) => server.close())),
    );
    await estate.close();
  }
}

async function createApi(estate: Estate, log: Log): Promise<WebServer> {
  const { settings, database, clock, rules, paths } = estate;
  const authorities = await database.read(issuerCertificates);
  const server = createWebServer({
    tls: serverTls(estate),
    clientAuthorities: authorities
      .filter(({ profile }) => profile === "iki-root" || profile === "iki-issuing")
      .map(({ certificate }) => encodePem(certificate)),
    logger: log,
    bodyLimit,
  });
  await registerApi(server, {
    database,
    clock,
    rules,
    environment: settings.environment,
    edition: settings.edition,
    software: software.nameAndVersion,
    ledgerVerifierKey: readFileSync(paths.ledgerVerifierKey, "utf8").trim(),
  });
  return server;
}

async function startBoxed(
  estate: Estate,
  log: Log,
  servers: { close(): Promise<unknown> }[],
): Promise<string> {
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
  servers.push(boxed);
  return (await listenBoxedService(boxed, port)).urls[0] ?? "";
}

async function listen(start: () => Promise<string>, port: number): Promise<string> {
  try {
    return await start();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw new SmkiError("PORT_IN_USE", { port }, { cause });
    throw cause;
  }
}

/** Waits for `work`, but no longer than that: slow clients do not keep a stopping service. */
async function within(limit: number, work: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, limit);
  await Promise.race([work, timer.promise]);
  clearTimeout(timeout);
}
