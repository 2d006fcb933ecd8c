import type { FastifyReply } from "fastify";
import {
  type ListRecord,
  type RevocationList,
  revocationList,
  revocationListRecord,
} from "../../repository/repository.ts";
import type { WebServer } from "../server/create-server.ts";
import type { ApiContext } from "./context.ts";
import { listType, Octets, sendOctets } from "./octets.ts";
import { AuthorityId } from "./schemas.ts";

/** The longest that anyone may keep a list without asking again, in seconds: a revocation makes the next one at once. */
const longestUnasked = 60;

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
    async (request, reply) => {
      const record = await database.read((tx) => revocationListRecord(tx, request.query.authority));
      if (namesTag(request.headers["if-none-match"], tagOf(record)))
        return describe(reply, record, clock()).status(304).send();
      const list = await listOf(record);
      return sendOctets(describe(reply, list, clock()), listType, list.list);
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

/** Whether If-None-Match names that entity tag (RFC 9110 13.1.2), weakly compared. */
function namesTag(header: string | undefined, tag: string): boolean {
  const named = (header ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  return named.includes(tag) || named.includes("*");
}
