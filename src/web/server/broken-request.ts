import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { catalogue } from "../../errors/catalogue.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { problem } from "./problem.ts";

/**
 * Answers what is no HTTP request at all, or one that did not come to its end in time, and closes the
 * connection: after that nothing on it can be told apart.
 */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // A failed TLS handshake comes here too, and has nobody to be answered.
  if (!socket.writable || error.code === "ECONNRESET" || error.code?.startsWith("ERR_SSL") === true) {
    socket.destroy();
    return;
  }
  const refusal = new SmkiError(codeOf(error), {}, { cause: error });
  const { status } = catalogue[refusal.code];
  const body = JSON.stringify(problem(refusal, randomUUID()));
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}

function codeOf({ code }: { code?: string }) {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "REQUEST_TIMED_OUT";
  if (code === "HPE_HEADER_OVERFLOW") return "REQUEST_HEADERS_TOO_LARGE";
  return "REQUEST_NOT_HTTP";
}
