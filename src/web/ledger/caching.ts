import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";

/** For how long a checkpoint may be shown on, in seconds: no longer than a few (C2SP tlog-tiles, "Checkpoints"). */
const checkpointAge = 2;
const aYear = 31_536_000;

/** Whose caches may keep an answer: everyone's, or only that of the client with the credential. */
export type Keeper = "public" | "private";

/** Marks an answer that never changes: any cache may keep it, and need not ask again (RFC 8246). */
export function neverChanges(reply: FastifyReply, keeper: Keeper): FastifyReply {
  return reply.header("cache-control", `${keeper}, max-age=${String(aYear)}, immutable`);
}

/**
 * Answers with a text that changes with each checkpoint: kept for a moment, and 304 for a client that has it already
 * (RFC 9110 13.1.2).
 */
export function sendChanging(reply: FastifyReply, keeper: Keeper, text: string): FastifyReply {
  const tag = `"${hash("sha256", text, "hex").slice(0, 32)}"`;
  void reply.header("cache-control", `${keeper}, max-age=${String(checkpointAge)}`).header("etag", tag);
  const held = (reply.request.headers["if-none-match"] ?? "")
    .split(",")
    .map((each) => each.trim().replace(/^W\//, ""));
  if (held.includes(tag) || held.includes("*")) return reply.status(304).send();
  return reply.type("text/plain; charset=utf-8").send(text);
}

/** Whether a client takes gzip (RFC 9110 12.5.3). */
export function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  return String(acceptEncoding ?? "")
    .split(",")
    .some((coding) => {
      const [name = "", ...parameters] = coding.split(";").map((part) => part.trim().toLowerCase());
      return name === "gzip" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
}
