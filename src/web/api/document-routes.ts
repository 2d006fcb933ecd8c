import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type, { type Static } from "typebox";
import { type DocumentVersion, documentOwners, fileNameOf } from "../../repository/documents/document.ts";
import {
  findVersion,
  listDocuments,
  lodgeDocument,
  octetsOf,
  refuseVainLodging,
  versionsOf,
} from "../../repository/documents/documents.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import { limitUploads } from "../server/upload-slots.ts";
import { namesTag } from "./caching.ts";
import type { ApiContext } from "./context.ts";
import { Octets } from "./octets.ts";
import { withSpooledBody } from "./spooled-body.ts";

const Name = Type.Object({ document: Type.String({ maxLength: 80 }) });
const NameAndVersion = Type.Object({
  document: Type.String({ maxLength: 80, description: "For example device-certificate-policy" }),
  version: Type.String({ maxLength: 20, description: "For example 2.0" }),
});
const DocumentView = Type.Object(
  {
    document: Type.String(),
    version: Type.String(),
    title: Type.String(),
    mediaType: Type.String(),
    octets: Type.Integer(),
    sha256: Type.String({ description: "Hexadecimal; the ledger's act has it too" }),
    lodgedAt: Type.String({ format: "date-time" }),
    lodgedFor: Type.Enum([...documentOwners]),
  },
  { $id: "DocumentVersion" },
);
const Versions = Type.Object({ versions: Type.Array(DocumentView) });

const view = (version: DocumentVersion): Static<typeof DocumentView> => ({
  ...version,
  lodgedAt: version.lodgedAt.toISOString(),
});

/** A version never changes. Private, since it is for those with a credential. */
const caching = "private, max-age=31536000, immutable";

/** The documents of the repository: read with any credential, lodged with one of the DCC. */
export function documentRoutes(server: WebServer, context: ApiContext): void {
  const { database } = context;

  server.get(
    "/api/v1/documents",
    { schema: { summary: "Every version of every document", response: { 200: Versions } } },
    async () => ({ versions: (await database.read(listDocuments)).map(view) }),
  );

  server.get(
    "/api/v1/documents/:document",
    {
      schema: {
        summary: "Every version of one document, the highest first",
        params: Name,
        response: { 200: Versions },
      },
    },
    async ({ params }) => ({
      versions: (await database.read((tx) => versionsOf(tx, params.document))).map(view),
    }),
  );

  server.get(
    "/api/v1/documents/:document/versions/:version",
    {
      schema: {
        summary: "The octets of a version; with If-None-Match only where they are not yours already",
        params: NameAndVersion,
        response: {
          200: { description: "The document", content: { "*/*": { schema: Octets } } },
          304: { description: "It is the one that the client has" },
        },
      },
    },
    async (request, reply) => {
      const { document, version } = request.params;
      const found = await database.read((tx) => findVersion(tx, document, version));
      const tag = `"${found.sha256}"`;
      void reply.header("etag", tag).header("cache-control", caching);
      if (namesTag(request.headers["if-none-match"], tag)) return reply.status(304).send();
      describe(reply, found);
      // The length is that of the row: for HEAD nothing else is read.
      return reply.send(Readable.from(request.method === "HEAD" ? [] : octetsOf(database, found)));
    },
  );

  lodgingRoute(server, context);
}

/** Whatever a document holds, a browser saves it and runs nothing in it. */
function describe(reply: FastifyReply, version: DocumentVersion): void {
  const digest = Buffer.from(version.sha256, "hex").toString("base64");
  void reply
    .type(version.mediaType)
    .header("content-length", String(version.octets))
    .header("content-disposition", `attachment; filename="${fileNameOf(version)}"`)
    .header("x-content-type-options", "nosniff")
    .header("content-security-policy", "default-src 'none'; sandbox")
    // RFC 9530.
    .header("repr-digest", `sha-256=:${digest}:`)
    .header("last-modified", version.lodgedAt.toUTCString());
}

const Lodge = Type.Object(
  {
    title: Type.Optional(
      Type.String({ maxLength: 200, description: "Of a document that is new and not one of SEC L5.1" }),
    ),
    reference: Type.Optional(
      Type.String({ maxLength: 200, description: "Of the PMA's direction, for such a document" }),
    ),
    sha256: Type.Optional(
      Type.String({
        pattern: "^[0-9A-Fa-f]{64}$",
        description: "Of the document, so that another is refused",
      }),
    ),
  },
  { additionalProperties: false },
);

function lodgingRoute(server: WebServer, { database, clock, rules, uploads }: ApiContext): void {
  // In a scope of its own: only here is a body of any type left unread.
  void server.register((scope: WebServer, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, parsed) => {
      parsed(null, payload);
    });
    scope.put(
      "/api/v1/documents/:document/versions/:version",
      {
        preParsing: limitUploads(uploads),
        schema: {
          summary: "Lodge a version (the DCC); it never changes",
          params: NameAndVersion,
          querystring: Lodge,
          // Described, and checked as it is read.
          body: { content: { "*/*": { schema: Type.Any() } } },
          response: { 201: DocumentView },
        },
      },
      async (
        request: FastifyRequest<{
          Params: Static<typeof NameAndVersion>;
          Querystring: Static<typeof Lodge>;
        }>,
        reply: FastifyReply,
      ) => {
        const by = principalOf(request);
        const { sha256, ...told } = request.query;
        const mediaType = request.headers["content-type"] ?? "";
        const lodging = { ...request.params, ...told, mediaType, for: "dcc" as const };
        // Before a single octet is taken of somebody who may not send it.
        await database.read((tx) => refuseVainLodging(tx, by, lodging, rules));
        const limit = rules.repositoryLargestDocument.value;
        const version = await withSpooledBody(
          request.body,
          (source) =>
            lodgeDocument(database, by, lodging, source, {
              rules,
              at: clock(),
              ...(sha256 === undefined ? {} : { expected: sha256 }),
            }),
          { limit, expected: "a body of the document's type" },
        );
        const { document, version: number } = request.params;
        return reply
          .status(201)
          .header("location", `/api/v1/documents/${document}/versions/${number}`)
          .send(view(version));
      },
    );
    done();
  });
}
