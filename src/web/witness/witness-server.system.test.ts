import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openNote } from "../../ledger/note.ts";
import { numberedLeaves, type TestLog, testKey, testLog } from "../../ledger/witness/witness.testkit.ts";
import { openWitness } from "../../ledger/witness/witness.ts";
import { createWitnessServer } from "./witness-server.ts";

const log = testLog(numberedLeaves(50));
const fork = testLog(numberedLeaves(50, "other"), log);
const stranger = testLog(numberedLeaves(50), testKey("log.example/two", "signature"));
const impostor = testLog(numberedLeaves(50), testKey(log.verifier.name, "signature"));
const key = testKey("witness.example/w1", "cosignature");

let folder: string;
let server: FastifyInstance;
let url: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "witness-"));
  const witness = await openWitness({ ...key, logs: [log.verifier], clock: () => new Date() }, folder);
  server = createWitnessServer(witness);
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = async (body: string | Uint8Array<ArrayBuffer>, contentType?: string) => {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body, headers });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};
const ask = async (oldSize: number, size: number, of: TestLog = log) =>
  post(new Uint8Array(await of.request(oldSize, size)));

describe("a witness over HTTP", () => {
  test("answers with its cosignature, a line of a note", async () => {
    const { status, text } = await ask(0, 20);
    expect(status).toBe(200);
    const note = (await log.note(20)) + text;
    expect(openNote(note, [key.verifier])).toBe(openNote(note, [log.verifier]));
  });

  test("tells a log that begins elsewhere the size, and nothing else (409)", async () => {
    await ask(0, 20);
    expect(await ask(0, 30)).toEqual({ status: 409, type: "text/x.tlog.size", text: "20\n" });
    expect((await ask(20, 30)).status).toBe(200);
  });

  test.each([
    ["an unknown log", 404, () => ask(0, 20, stranger)],
    ["a signature of another key", 403, () => ask(0, 20, impostor)],
    ["an old size above the checkpoint's", 400, () => ask(30, 20)],
    ["no request at all", 400, () => post("hello")],
    ["an empty body", 400, () => post("")],
    ["another history", 422, () => ask(20, 30, fork)],
    ["another history of the same size", 422, () => ask(20, 20, fork)],
    ["a body of two megabytes", 413, () => post("old 0\n\n".repeat(300_000))],
  ])("refuses %s (%i), and gives no cosignature", async (_, expected, request) => {
    await ask(0, 20);
    const { status, text } = await request();
    expect(status).toBe(expected);
    expect(text).not.toContain("—");
    expect((await ask(20, 21)).status).toBe(200);
  });

  test("takes the body under any media type, and under none", async () => {
    for (const [size, type] of [
      [10, "application/json"],
      [11, "application/octet-stream"],
      [12, undefined],
      [13, ""],
      [14, "no media type;;"],
    ] as const) {
      const body = new Uint8Array(await log.request(size === 10 ? 0 : size - 1, size));
      expect(await post(body, type), type).toMatchObject({ status: 200 });
    }
  });

  test("shows monitors the checkpoint that it cosigned last, under the hash of the log's origin", async () => {
    const of = async (origin: string) => {
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(origin))).toString("hex");
      return fetch(`${url}/${digest}/checkpoint`);
    };
    expect((await of(log.verifier.name)).status).toBe(404);
    const { text } = await ask(0, 20);
    expect(await (await of(log.verifier.name)).text()).toBe((await log.note(20)) + text);
    expect((await of(stranger.verifier.name)).status).toBe(404);
    expect((await fetch(`${url}/..%2f..%2fetc/checkpoint`)).status).toBe(404);
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(404);
  });
});
