import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../time/clock.ts";

/** What is known of a request by the time it is logged. */
export interface RequestNote {
  /** Unique for each request; in its answer and in its log line. */
  readonly auditReference: string;
  /** Without the query, which holds the api key. */
  readonly path: string;
  search?: "device" | "organisation" | "serial" | "bundle" | "document" | "list";
  /** The number of the repository user that asks. */
  user?: number;
  /** As the client wrote it. */
  asked?: string;
  /** What was understood: an EUI-64 or a serial number. */
  identifier?: string;
  results?: number;
  code?: string;
}

/** The notes of the requests under way. */
export type RequestNotes = (request: FastifyRequest) => RequestNote;

/**
 * Logs each request with one line: method, path, kind of search, identifier (which is no secret) and outcome.
 * The query is never logged.
 *
 * @returns where routes write down what they learn of a request
 */
export function logRequests(service: FastifyInstance, clock: Clock): RequestNotes {
  const notes = new WeakMap<FastifyRequest, RequestNote>();
  const noteOf = (request: FastifyRequest): RequestNote => {
    const known = notes.get(request);
    if (known !== undefined) return known;
    const path = (request.url.split("?", 1)[0] ?? "").slice(0, 200);
    const note = { auditReference: createAuditReference(clock()), path };
    notes.set(request, note);
    return note;
  };
  const line = (request: FastifyRequest, outcome: object) => ({
    method: request.method,
    ...noteOf(request),
    ...outcome,
  });
  service.addHook("onResponse", async (request: FastifyRequest, reply: FastifyReply) => {
    const milliseconds = Math.round(reply.elapsedTime * 1000) / 1000;
    request.log.info(line(request, { status: reply.statusCode, milliseconds }), "repository request");
  });
  service.addHook("onRequestAbort", async (request: FastifyRequest) => {
    request.log.info(line(request, { aborted: true }), "repository request");
  });
  return noteOf;
}

/** Ten digits of seconds and a random part, in the form of DCC Boxed: `1234567890-abc123456`. */
function createAuditReference(now: Date): string {
  // Node draws the random octets of many UUIDs together, which costs a request much less than its own.
  const random = randomUUID().replaceAll("-", "").slice(-16);
  return `${String(Math.floor(now.getTime() / 1000))}-${random}`;
}
