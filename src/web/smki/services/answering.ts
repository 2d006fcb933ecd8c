import type { FastifyReply, FastifyRequest } from "fastify";
import { catalogue } from "../../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../../errors/smki-error.ts";
import { messageMediaType } from "../messages/index.ts";

/** Sends a message. Whatever it says of the request, HTTP says 200 (SEC Appendix M, Appendix B). */
export function sendMessage(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(200).type(messageMediaType).send(message);
}

/**
 * Sends the message that refuses a request. HTTP says 200 for it too, except for a client that is nobody here: where
 * Appendix M is met to the letter its TLS handshake had failed, and a client that takes 200 for an answer of the service
 * would be misled. The log has it too, under the request's number (Appendix M 2.4.1.2, 2.5.1.2: "log an error").
 *
 * @param transaction - `TransactionId` of the message, where it has one
 */
export function sendRefusal(
  reply: FastifyReply,
  refusal: SmkiError,
  message: string,
  transaction?: string,
): FastifyReply {
  reply.log.info({ refusal: refusal.code, transaction }, "a web service refused a request");
  const isNobody = refusal.code.startsWith("CREDENTIAL_");
  return reply
    .code(isNobody ? catalogue[refusal.code].status : 200)
    .type(messageMediaType)
    .send(message);
}

/**
 * What an error is told as. What is no refusal of ours goes into the log, with the request's number, and the client
 * learns that something failed.
 */
export function asRefusal(error: unknown, request: FastifyRequest): SmkiError {
  if (isSmkiError(error)) {
    if (catalogue[error.code].status >= 500) request.log.error({ err: error }, "a web service failed");
    return error;
  }
  // The client has gone: no fault of ours, and nobody is there to read the answer.
  if (request.raw.readableAborted)
    return new SmkiError("REQUEST_INVALID", { problem: "the body broke off" }, { cause: error });
  switch ((error as { code?: unknown }).code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new SmkiError("REQUEST_TOO_LARGE", {}, { cause: error });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new SmkiError("REQUEST_INVALID", { problem: "the body is not as long as content-length says" });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new SmkiError("MESSAGE_MEDIA_TYPE", {
        contentType: (request.headers["content-type"] ?? "none").slice(0, 80),
      });
    default:
      request.log.error({ err: error }, "a web service failed");
      return new SmkiError("INTERNAL", {}, { cause: error });
  }
}
