import { createServer, type Server } from "node:http";
import { type AddressInfo, isIPv4 } from "node:net";
import type { FastifyInstance, FastifyServerFactory } from "fastify";
import { SmkiError } from "../../errors/smki-error.ts";

/** A request of at most 64 KiB over loopback takes no longer than this to arrive, in milliseconds. */
const requestTimeout = 10_000;

/** Makes the service's HTTP server: one that refuses, before it binds, to listen anywhere but on loopback. */
export const loopbackServerFactory: FastifyServerFactory = (handler) => {
  const server = createServer({ requestTimeout, headersTimeout: requestTimeout }, handler);
  const listen = server.listen.bind(server) as (...parameters: unknown[]) => Server;
  const guarded = (...parameters: unknown[]): Server => {
    requireLoopback(parameters[0]);
    return listen(...parameters);
  };
  return Object.assign(server, { listen: guarded });
};

const isLoopbackAddress = (host: string): boolean =>
  host === "::1" || (isIPv4(host) && host.startsWith("127."));

/** Takes addresses only: what a name such as localhost stands for is decided elsewhere. */
function requireLoopback(options: unknown): void {
  const { host, path } = (options ?? {}) as { host?: unknown; path?: unknown };
  if (typeof path === "string") return; // a socket of this machine's file system
  if (typeof host !== "string" || !isLoopbackAddress(host))
    throw new SmkiError("BOXED_SERVICE_LOOPBACK_ONLY", { host: typeof host === "string" ? host : "any" });
}

/**
 * Refuses requests that name another host than loopback. A page in a browser on this machine may have its own
 * name lead to 127.0.0.1 (DNS rebinding) and would then be let read what is answered.
 */
export function refuseOtherHosts(service: FastifyInstance): void {
  service.addHook("onRequest", async ({ headers: { host = "localhost" } }) => {
    const [, name = ""] = /^(.*?)(?::\d*)?$/.exec(host.toLowerCase()) ?? [];
    const isLoopback = name === "localhost" || name === "[::1]" || isLoopbackAddress(name);
    if (!isLoopback) throw new SmkiError("BOXED_HOST_REFUSED", { host: host.slice(0, 80) });
  });
}

/** The servers on ::1, of the services that have one: Fastify itself keeps only one server. */
const furtherServers = new WeakMap<FastifyInstance, Server>();

/** Ends the server on ::1 with the service. */
export function closeFurtherServer(service: FastifyInstance): void {
  service.addHook("preClose", async () => {
    const server = furtherServers.get(service);
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await closed;
  });
}

/** Where the service listens. */
export interface BoxedAddresses {
  readonly port: number;
  /** With scheme and port, as the DCC's client takes them; the first is 127.0.0.1. */
  readonly urls: readonly string[];
}

/**
 * Listens on 127.0.0.1 and, where the machine has it, on ::1, and nowhere else.
 *
 * @param port - 0 takes any that is free
 * @throws SmkiError PORT_IN_USE, BOXED_SERVICE_IN_LIVE (the database is a live one), DATABASE_UNAVAILABLE
 */
export async function listenBoxedService(service: FastifyInstance, port: number): Promise<BoxedAddresses> {
  await service.listen({ host: "127.0.0.1", port }).catch((error: unknown) => {
    throw isAddressInUse(error) ? new SmkiError("PORT_IN_USE", { port }, { cause: error }) : error;
  });
  const bound = (service.server.address() as AddressInfo).port;
  const urls = [`http://127.0.0.1:${String(bound)}/`];
  const further = createServer({ requestTimeout, headersTimeout: requestTimeout }, (request, response) => {
    service.routing(request, response);
  });
  try {
    await listenOn(further, "::1", bound);
    furtherServers.set(service, further);
    urls.push(`http://[::1]:${String(bound)}/`);
  } catch (error) {
    // Without IPv6 there is no ::1. A program that has this port there would be reached by the name localhost
    // in place of the service: a port that was asked for is then not free.
    if (port !== 0 && isAddressInUse(error)) {
      await service.close();
      throw new SmkiError("PORT_IN_USE", { port, host: "::1" }, { cause: error });
    }
  }
  return { port: bound, urls };
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
