import type { Socket } from "node:net";
import type { WebServer } from "./create-server.ts";

/** Requests of one connection that may wait for their answers. Clients that send ahead at all send a few. */
export const mostUnanswered = 64;

/**
 * Closes a connection on which ever more requests come in before the answers to earlier ones have gone out (HTTP pipelining,
 * RFC 9112 9.3.2). Node takes each as it comes: one client that sends some 200,000 and reads nothing would have a gigabyte of
 * memory and keep the process from everyone else for most of a minute.
 */
export function limitPipelining(server: WebServer): void {
  const unanswered = new WeakMap<Socket, number>();
  server.addHook("onRequest", (request, reply, done) => {
    const { socket } = request.raw;
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    reply.raw.once("close", () => {
      unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1);
    });
    if (count <= mostUnanswered) {
      done();
      return;
    }
    // What was read with it is refused the same way, at next to no cost.
    if (count === mostUnanswered + 1)
      request.log.info("too many requests without an answer: connection closed");
    reply.hijack();
    socket.destroy();
  });
}
