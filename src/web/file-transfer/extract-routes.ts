import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { authenticateApiKey, type Door } from "../../repository/access/authenticate.ts";
import type { UsageCounter } from "../../repository/access/usage.ts";
import { type OpenedFile, openPublished, publishedExtracts } from "../../repository/extract/published.ts";
import { namesTag } from "../api/caching.ts";
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

const Params = Type.Object({
  extract: Type.String({ maxLength: 100, description: "For example full-2026-11-22-000000012345" }),
  file: Type.String({ maxLength: 100, description: "manifest.json, or a file that it names" }),
});
const Extract = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([Type.Literal("full"), Type.Literal("delta")]),
    madeAt: Type.String({ format: "date-time", description: "When its making began" }),
    fromSize: Type.Integer({ description: "It tells of the ledger's leaves from this one on" }),
    size: Type.Integer({ description: "Leaves under its checkpoint, up to which it tells" }),
    files: Type.Array(Type.Object({ name: Type.String(), octets: Type.Integer(), sha256: Type.String() }), {
      description: "The manifest first",
    }),
  },
  { $id: "Extract" },
);
const file = { "*/*": { schema: Type.String({ format: "binary" }) } };

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
        // The bulk files, whichever way they go.
        usage.count(await authenticateApiKey(context, apiKey), "file-transfer");
        return true;
      },
    });

    scope.get(
      "/api/v1/extracts",
      {
        config: { access: "user" },
        schema: {
          summary: "The bulk files that are there, the oldest first",
          response: { 200: Type.Object({ extracts: Type.Array(Extract) }) },
        },
      },
      async () => {
        const extracts = await publishedExtracts(database, folder);
        return {
          extracts: extracts.map(({ files, ...one }) => ({
            ...one,
            madeAt: one.madeAt.toISOString(),
            files: [...files],
          })),
        };
      },
    );

    scope.get(
      "/api/v1/extracts/:extract/:file",
      {
        config: { access: "user" },
        schema: {
          summary:
            "A file of an extract, or a range of it; with If-None-Match only where it is not yours already",
          params: Params,
          response: {
            200: { description: "The file", content: file },
            206: { description: "The range that was asked for", content: file },
            304: { description: "It is the one that the client has" },
          },
        },
      },
      async (request, reply) => {
        const { extract, file: name } = request.params;
        return send(await openPublished(database, folder, extract, name), request, reply);
      },
    );
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
  const { method, headers } = request;
  if (namesTag(headers["if-none-match"], tagOf(opened))) {
    await opened.handle.close();
    return neverChanges(reply, "private").header("etag", tagOf(opened)).status(304).send();
  }
  if (method === "HEAD") {
    // Nothing of the file is read, and no range is of it (RFC 9110 14.2).
    await opened.handle.close();
    return describe(reply, opened, undefined).send(Readable.from([]));
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
