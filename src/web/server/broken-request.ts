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
  const code = codeOf(error);
  // A failed or unfinished TLS handshake comes here too, and has nobody to be answered.
  if (code === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new SmkiError(code, {}, { cause: error });
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
  // One that does not read either is not waited for.
  setTimeout(() => {
    socket.destroy();
  }, 1_000).unref();
}

function codeOf({ code }: { code?: string }) {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "REQUEST_TIMED_OUT";
  if (code === "HPE_HEADER_OVERFLOW") return "REQUEST_HEADERS_TOO_LARGE";
  return code?.startsWith("HPE_") === true ? "REQUEST_NOT_HTTP" : undefined;
}
