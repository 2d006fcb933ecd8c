import type { FastifyInstance } from "fastify";
import type { MeasuredInterface, ResponseTimes } from "../../repository/response-times.ts";

/**
 * Measures the answers of this scope's routes for SEC L8.4: from the arrival of a request to its answer being ready to
 * be sent, as the Repository Interface Design Specification defines receipt and sending. How slowly a client takes a
 * document is not of the service. What a client asked wrongly is not counted.
 */
export function measureResponses(
  scope: FastifyInstance,
  times: ResponseTimes | undefined,
  through: MeasuredInterface,
): void {
  if (times === undefined) return;
  scope.addHook("onSend", (_, reply, payload, done) => {
    const { statusCode } = reply;
    // 402 is the web service's way to say that it found nothing.
    const isAnswer = statusCode < 400 || statusCode === 402;
    if (isAnswer || statusCode >= 500) times.note(through, reply.elapsedTime, !isAnswer);
    done(null, payload);
  });
}
