import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { Identity } from "../../src/app/processes/testkit/estates.ts";

/**
 * One kept-alive HTTP/1.1 connection over mutual TLS, with one request at a time. Written here since the client runs on
 * the same cores as the service, and node:https costs as much as the service's own side of it.
 */
export interface Connection {
  /** Sends a request and reads its answer to the last octet. */
  ask(request: { readonly head: string; readonly body: string }): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface Server {
  readonly url: string;
  readonly ca: string;
}

export async function openConnection({ url, ca }: Server, identity: Identity): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ca, ...identity });
  await once(socket, "secureConnect");
  socket.setNoDelay(true);
  return {
    ask: async ({ head, body }) => {
      socket.write(
        `${head}\r\nhost: ${hostname}\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
      );
      return readAnswer(socket);
    },
    close: () => {
      socket.destroy();
    },
  };
}

/** Answers of the ad hoc service are short and have their length in front. */
function readAnswer(socket: TLSSocket): Promise<HttpAnswer> {
  const answer = Promise.withResolvers<HttpAnswer>();
  let received: Buffer = Buffer.alloc(0);
  const onData = (octets: Buffer) => {
    received = received.length === 0 ? octets : Buffer.concat([received, octets]);
    const endOfHead = received.indexOf("\r\n\r\n");
    if (endOfHead < 0) return;
    const head = received.toString("latin1", 0, endOfHead);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      answer.reject(new Error(`an answer without a length: ${head}`));
      return;
    }
    const end = endOfHead + 4 + Number(length);
    if (received.length < end) return;
    answer.resolve({ status: Number(head.slice(9, 12)), body: received.subarray(endOfHead + 4, end) });
  };
  const onEnd = () => {
    answer.reject(new Error("the service closed a connection before its answer"));
  };
  socket.on("data", onData);
  socket.once("close", onEnd);
  return answer.promise.finally(() => {
    socket.off("data", onData);
    socket.off("close", onEnd);
  });
}
