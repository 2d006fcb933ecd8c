import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { copyTo } from "./copy-to.ts";

/** A message of PostgreSQL's protocol: its letter, its length with the length, its content. */
function message(letter: string, content = ""): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + Buffer.byteLength(content));
  return Buffer.concat([Buffer.from(letter), length, Buffer.from(content)]);
}

test("A copy ends where it ends, though the server's next message is there already", async () => {
  const connection = new Readable({ read: () => undefined });
  const others: Buffer[] = [];
  connection.on("data", (octets: Buffer) => others.push(octets));
  const copy = copyTo("copy t to stdout");
  const asConnection = { stream: connection, query: () => undefined };
  (copy as unknown as { submit(connection: unknown): void }).submit(asConnection);
  // As when an earlier copy on the connection has just ended: each read gives one piece, and the loop asks for the next.
  connection.readableFlowing = true;
  connection.push(Buffer.concat([message("H", "\0\0\0"), message("d", "one\n"), message("c")]));
  connection.push(message("C", "COPY 1\0"));
  expect((await buffer(copy)).toString()).toBe("one\n");
  expect(Buffer.concat(others).toString("latin1")).toContain("COPY 1");
});
