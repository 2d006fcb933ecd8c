import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { authenticateApiKey, type Door } from "../../repository/access/authenticate.ts";
import type { UsageCounter } from "../../repository/access/usage.ts";
import { type OpenedFile, openPublished, publishedExtracts } from "../../repository/extract/published.ts";
import { neverChanges } from "../ledger/caching.ts";
import type { WebServer } from "../server/create-server.ts";
import { type ReadClientCertificate, requireCredentials } from "../server/principal.ts";
import { type ByteRange, byteRange } from "./byte-range.ts";

/** What the routes work with. */
export interface ExtractRoutesContext extends Door {
  /** Where extracts lie. */
  readonly folder: string;
  readonly usage: Pick<UsageCounter, "count">;
  /** How a request's client certificate is read; from the TLS connection if left out. */
  readonly readClientCertificate?: ReadClientCertificate;
}

const params = Type.Object({
  extract: Type.String({ maxLength: 100 }),
  file: Type.String({ maxLength: 100 }),
});

/**
 * The bulk files of the repository over HTTPS, for its users (an API key) and the holders of IKI credentials. A download
 * that broke is gone on with by a range.
 */
export async function extractRoutes(server: WebServer, context: ExtractRoutesContext): Promise<void> {
  const { database, folder, clock, usage, readClientCertificate } = context;
  await server.register(async (scope: WebServer) => {
    requireCredentials(scope, {
      database,
      clock,
      ...(readClientCertificate === undefined ? {} : { readClientCertificate }),
      otherwise: async (request) => {
        const apiKey = apiKeyOf(request);
        if (apiKey === undefined) return false;
        usage.count(await authenticateApiKey(context, apiKey), "web-service");
        return true;
      },
    });

    scope.get("/api/v1/extracts", async () => {
      const extracts = await publishedExtracts(database, folder);
      return { extracts: extracts.map((one) => ({ ...one, madeAt: one.madeAt.toISOString() })) };
    });

    const path = "/api/v1/extracts/:extract/:file";
    // Fastify's own answer to HEAD would read the file to its end.
    scope.get(path, { exposeHeadRoute: false, schema: { params } }, async (request, reply) => {
      const { extract, file } = request.params;
      return send(await openPublished(database, folder, extract, file), request, reply);
    });
    scope.head(path, { schema: { params } }, async (request, reply) => {
      const { extract, file } = request.params;
      const opened = await openPublished(database, folder, extract, file);
      await opened.handle.close();
      return describe(reply, opened, undefined).send();
    });
  });
}

/** The API key of a request, of `x-api-key` or `authorization: Bearer`; undefined when it brings none. */
function apiKeyOf({ headers }: FastifyRequest): string | undefined {
  const { "x-api-key": own, authorization } = headers;
  if (own !== undefined) return typeof own === "string" ? own : "";
  return authorization === undefined ? undefined : (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "");
}

const tagOf = ({ sha256 }: OpenedFile): string => `"${sha256}"`;

async function send(opened: OpenedFile, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { headers } = request;
  const tags = (headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (tags.includes(tagOf(opened))) {
    await opened.handle.close();
    return neverChanges(reply, "private").header("etag", tagOf(opened)).status(304).send();
  }
  // Of another file than the client has the beginning of, it needs the whole (RFC 9110 13.1.5).
  const isSame = headers["if-range"] === undefined || headers["if-range"] === tagOf(opened);
  const range = isSame ? byteRange(headers.range, opened.octets) : undefined;
  if (range === "unsatisfiable") {
    await opened.handle.close();
    return reply
      .header("content-range", `bytes */${String(opened.octets)}`)
      .status(416)
      .send();
  }
  const stream = opened.handle.createReadStream({ ...range, highWaterMark: 256 * 1024 });
  return describe(reply, opened, range).send(stream);
}

function describe(reply: FastifyReply, opened: OpenedFile, range: ByteRange | undefined): FastifyReply {
  const { name, octets } = opened;
  if (range !== undefined)
    void reply
      .status(206)
      .header("content-range", `bytes ${String(range.start)}-${String(range.end)}/${String(octets)}`);
  const length = range === undefined ? octets : range.end - range.start + 1;
  return neverChanges(reply, "private")
    .header("etag", tagOf(opened))
    .header("accept-ranges", "bytes")
    .header("content-length", length)
    .type(name.endsWith(".json") ? "application/json" : "application/zstd");
}
