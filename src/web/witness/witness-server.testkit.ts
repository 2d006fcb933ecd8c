import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NoteVerifier } from "../../ledger/note.ts";
import { testKey } from "../../ledger/witness/witness.testkit.ts";
import { openWitness } from "../../ledger/witness/witness.ts";
import type { ConfiguredWitness } from "../../ledger/witness/witness-client.ts";
import { createWitnessServer } from "./witness-server.ts";

/** A witness that listens on loopback, as a log's settings name it. */
export interface TestWitness extends ConfiguredWitness {
  stop(): Promise<void>;
}

/** One of ours, with a folder and a key of its own. */
export async function runTestWitness(name: string, log: NoteVerifier): Promise<TestWitness> {
  const folder = mkdtempSync(join(tmpdir(), "witness-"));
  const key = testKey(name, "cosignature");
  const server = createWitnessServer(
    await openWitness({ ...key, logs: [log], clock: () => new Date() }, folder),
  );
  const url = new URL(`${await server.listen({ host: "127.0.0.1", port: 0 })}/`);
  return {
    verifier: key.verifier,
    url,
    stop: async () => {
      await server.close();
      // A request whose asker has gone may still be at its file.
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
    },
  };
}

/** What it answers: by itself, or told the body of the request. */
export type Lie = (body: Buffer, response: ServerResponse) => unknown;

/** Something that answers in a witness's place as it likes. */
export async function runLyingWitness(name: string, lie: Lie): Promise<TestWitness> {
  const answer: RequestListener = (request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      await lie(Buffer.concat(parts), response);
    })().catch(() => response.destroy());
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    verifier: testKey(name, "cosignature").verifier,
    url: new URL(`http://127.0.0.1:${String(port)}/`),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Hands the request on to another witness, and its answer back. */
export async function passOn(body: Buffer, response: ServerResponse, to: URL): Promise<void> {
  const answer = await fetch(new URL("add-checkpoint", to), {
    method: "POST",
    body: new Uint8Array(body),
  });
  const headers = { "content-type": answer.headers.get("content-type") ?? "text/plain" };
  response.writeHead(answer.status, headers).end(await answer.text());
}
