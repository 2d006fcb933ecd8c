import type { FastifyReply, FastifyRequest } from "fastify";
import { catalogue } from "../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";

/** Answers an error, wherever it came from, in the one form that refusals have. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = asRefusal(error);
  const { status } = catalogue[refusal.code];
  if (status === 500) request.log.error({ err: error }, refusal.code);
  void reply
    .status(status)
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(problem(refusal, request.id));
}

/** What a client is told of an error: code, what happened, what to do. Internals stay in the log. */
export function problem(refusal: SmkiError, request: string): object {
  const { status } = catalogue[refusal.code];
  // What a client cannot cause is told without details: they may name hosts, paths and tables.
  const told = status === 500 || status === 503 ? new SmkiError(refusal.code) : refusal;
  return { code: told.code, message: told.message, remedy: told.remedy, details: told.details, request };
}

function asRefusal(error: unknown): SmkiError {
  if (isSmkiError(error)) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  const options = { cause: error };
  if (statusCode === 413) return new SmkiError("REQUEST_TOO_LARGE", {}, options);
  if (statusCode === 415) return new SmkiError("MEDIA_TYPE_UNSUPPORTED", {}, options);
  if (statusCode === 503) return new SmkiError("SERVICE_STOPPING", {}, options);
  if (statusCode !== undefined && statusCode < 500)
    return new SmkiError("REQUEST_INVALID", { problem: String(message).slice(0, 300) }, options);
  return new SmkiError("INTERNAL", {}, options);
}
