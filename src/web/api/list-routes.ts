import type { FastifyReply, FastifyRequest } from "fastify";
import { SmkiError } from "../../errors/smki-error.ts";
import {
  type ListRecord,
  type RevocationList,
  revocationList,
  revocationListRecord,
} from "../../repository/repository.ts";
import type { WebServer } from "../server/create-server.ts";
import { namesTag } from "./caching.ts";
import type { ApiContext } from "./context.ts";
import { listType, Octets, sendOctets } from "./octets.ts";
import { AuthorityId } from "./schemas.ts";

/** The longest that anyone may keep a list without asking again, in seconds: a revocation makes the next one at once. */
const longestUnasked = 60;

/** RFC 2585 4.2. */
const extension = ".crl";

/** The revocation lists, for everyone: whoever relies on a certificate needs them, and they hold no secret. */
export function listRoutes(server: WebServer, { database, clock }: ApiContext): void {
  // A list of 100,000 entries has 4 MB: each process reads it from the database once and holds it once, however many
  // clients come for a new one at the same moment.
  const newest = new Map<string, { readonly tag: string; readonly list: Promise<RevocationList> }>();
  const listOf = (record: ListRecord): Promise<RevocationList> => {
    const { authorityId } = record;
    const tag = tagOf(record);
    const known = newest.get(authorityId);
    if (known?.tag === tag) return known.list;
    const list = database.read((tx) => revocationList(tx, authorityId));
    const read = { tag, list };
    newest.set(authorityId, read);
    // Whoever waits for it hears of the failure; the next one tries again.
    list.catch(() => {
      if (newest.get(authorityId) === read) newest.delete(authorityId);
    });
    return list;
  };

  const answer = async (authority: string, request: FastifyRequest, reply: FastifyReply) => {
    const record = await database.read((tx) => revocationListRecord(tx, authority));
    if (namesTag(request.headers["if-none-match"], tagOf(record)))
      return describe(reply, record, clock()).status(304).send();
    const list = await listOf(record);
    return sendOctets(describe(reply, list, clock()), listType, list.list);
  };

  server.get(
    "/api/v1/revocation-lists",
    {
      config: { access: "public" },
      schema: {
        summary: "The current CRL or ARL of a CA, DER; with If-None-Match only when there is another",
        querystring: AuthorityId,
        response: {
          200: { description: "DER", content: { [listType]: { schema: Octets } } },
          304: { description: "It is the one that the client has" },
        },
      },
    },
    (request, reply) => answer(request.query.authority, request, reply),
  );

  // For whoever keeps an address for years: as short and plain as those in other people's certificates. A CA's
  // identifier may have a slash in it.
  server.get(
    "/crl/*",
    { config: { access: "public" }, schema: { hide: true } },
    async (request: FastifyRequest<{ Params: { "*": string } }>, reply) => {
      const file = request.params["*"];
      if (!file.endsWith(extension))
        throw new SmkiError("ADDRESS_NOT_FOUND", { path: `/crl/${file}`.slice(0, 200) });
      return answer(file.slice(0, -extension.length), request, reply);
    },
  );
}

function describe(reply: FastifyReply, list: ListRecord, now: Date): FastifyReply {
  const left = Math.floor((list.nextUpdate.getTime() - now.getTime()) / 1000);
  return reply
    .header("last-modified", list.thisUpdate.toUTCString())
    .header("etag", tagOf(list))
    .header("cache-control", `public, max-age=${String(Math.max(0, Math.min(left, longestUnasked)))}`);
}

/** No CA signs two lists with one number, and the time tells this estate from one that was founded anew. */
function tagOf({ authorityId, number, thisUpdate }: ListRecord): string {
  return `"${authorityId}-${String(number)}-${String(thisUpdate.getTime() / 1000)}"`;
}
