import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import fc from "fast-check";
import { pino } from "pino";
import Type from "typebox";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SmkiError } from "../../errors/smki-error.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";
import { createWebServer, publishedSuites, suitesOfTls13, type WebServer } from "./create-server.ts";
import { mostUnanswered } from "./limit-pipelining.ts";

const bodyLimit = 32 * 1024 * 1024;
const made = makeServerCertificate(["127.0.0.1", "localhost"], new Date());
let server: WebServer;
let port = 0;
/** An answer that has no end. */
const endless = new Readable({
  read() {
    this.push(Buffer.alloc(64 * 1024));
  },
});
const log: string[] = [];

beforeAll(async () => {
  server = createWebServer({
    tls: { cert: made.certificate, key: made.key },
    clientAuthorities: [made.authority],
    logger: pino({ level: "info" }, { write: (line: string) => void log.push(line) }),
    bodyLimit,
    patience: { handshake: 1_000, headers: 500, request: 1_000, answer: 500, check: 100 },
  });
  server.get(
    "/things/:number",
    { schema: { params: Type.Object({ number: Type.Integer() }) } },
    (asked) => asked.params,
  );
  server.post(
    "/things",
    { schema: { body: Type.Object({ name: Type.String() }, { additionalProperties: false }) } },
    (asked) => asked.body,
  );
  server.get("/fault", () => {
    throw new Error('relation "secret_table" at /srv/opensmki/store.ts:12');
  });
  server.get("/away", () => {
    throw new SmkiError("DATABASE_UNAVAILABLE", { host: "db.internal" });
  });
  server.get("/endless", (_, reply) => reply.type("text/plain").send(endless));
  server.get("/thinking", async () => {
    await sleep(1_200);
    return {};
  });
  port = Number(new URL(await server.listen({ host: "127.0.0.1", port: 0 })).port);
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { readonly code?: string; readonly [name: string]: unknown };
}

function send(method: string, path: string, body?: string | Buffer, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, ca: made.authority, method, path, headers };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        const { statusCode = 0, headers: answered } = response;
        resolve({
          status: statusCode,
          headers: answered,
          body: JSON.parse(text === "" ? "{}" : text) as Answer["body"],
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A TLS connection with which anything can be written. */
function raw(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca: made.authority }, () => {
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** Everything that comes until the server closes the connection. */
function readToEnd(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(text);
    });
  });
}

/** The protocol and suite that a handshake came to, or the name of its failure. */
function handshake(options: object): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca: made.authority, ...options }, () => {
      resolve(`${String(socket.getProtocol())} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
  });
}

describe("The handshake", () => {
  test.each(publishedSuites)("takes %s, which Appendix M publishes for TLS 1.2", async (suite) => {
    expect(await handshake({ maxVersion: "TLSv1.2", ciphers: suite })).toBe(`TLSv1.2 ${suite}`);
  });

  test.each(suitesOfTls13)("takes %s of TLS 1.3", async (suite) => {
    expect(await handshake({ minVersion: "TLSv1.3", ciphers: suite })).toBe(`TLSv1.3 ${suite}`);
  });

  test.each([
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
  ])("refuses %s under TLS 1.2", async (suite) => {
    expect(await handshake({ maxVersion: "TLSv1.2", ciphers: suite })).toMatch(/ALERT_HANDSHAKE_FAILURE/);
  });

  test("takes no other suite that Node.js knows under TLS 1.2", async () => {
    const { getCiphers } = await import("node:tls");
    const published = new Set<string>(publishedSuites.map((suite) => suite.toLowerCase()));
    const others = getCiphers().filter((suite) => !suite.startsWith("tls_") && !published.has(suite));
    expect(others.length).toBeGreaterThan(20);
    const ciphers = `${others.map((suite) => suite.toUpperCase()).join(":")}:@SECLEVEL=0`;
    expect(await handshake({ maxVersion: "TLSv1.2", ciphers })).toMatch(/ALERT_HANDSHAKE_FAILURE/);
  });

  test.each(["TLSv1", "TLSv1.1"])("refuses %s", async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" };
    expect(await handshake(old)).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  });

  test("is not waited for: a connection that says nothing is closed", async () => {
    const socket = connectTcp(port, "127.0.0.1");
    const closed = await new Promise((resolve) => {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        resolve(true);
      });
    });
    expect(closed).toBe(true);
  });
});

describe("A refusal", () => {
  const form = {
    code: expect.any(String),
    message: expect.any(String),
    remedy: expect.any(String),
    details: expect.any(Object),
    request: expect.stringMatching(/^[0-9a-f-]{36}$/),
  } as unknown;

  test.each([
    ["an unknown path", "GET", "/nothing", undefined, 404, "ADDRESS_NOT_FOUND"],
    ["a path that leads out", "GET", "/things/../../etc/passwd", undefined, 404, "ADDRESS_NOT_FOUND"],
    [
      "an encoded path that leads out",
      "GET",
      "/things/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
      undefined,
      400,
      "REQUEST_INVALID",
    ],
    ["an encoded zero", "GET", "/things/%00", undefined, 400, "REQUEST_INVALID"],
    ["a broken encoding", "GET", "/things/%zz", undefined, 400, "REQUEST_INVALID"],
    ["a parameter that is too long", "GET", `/things/${"1".repeat(200)}`, undefined, 400, "REQUEST_INVALID"],
    ["a method that this path does not take", "PUT", "/things/1", "{}", 405, "METHOD_NOT_ALLOWED"],
    ["JSON that ends too soon", "POST", "/things", '{"name":', 400, "REQUEST_INVALID"],
    ["no body", "POST", "/things", "", 400, "REQUEST_INVALID"],
    ["a value of another type", "POST", "/things", '{"name":5}', 400, "REQUEST_INVALID"],
    ["a field that nobody knows", "POST", "/things", '{"name":"a","nmae":"b"}', 400, "REQUEST_INVALID"],
    ["a prototype in disguise", "POST", "/things", '{"__proto__":{"name":"a"}}', 400, "REQUEST_INVALID"],
    ["a fault of ours", "GET", "/fault", undefined, 500, "INTERNAL"],
    ["a database that is away", "GET", "/away", undefined, 503, "DATABASE_UNAVAILABLE"],
  ])(
    "of %s has a code, a message, a remedy and the request's number, and no internals",
    async (_, method, path, body, status, code) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const answer = await send(method, path, body, headers);
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual(form);
      expect(answer.body.code).toBe(code);
      expect(JSON.stringify(answer.body)).not.toMatch(
        /secret_table|\.ts|db\.internal|node_modules|FST_|\n +at /,
      );
    },
  );

  test("of a method names those that the path takes", async () => {
    const { headers } = await send("DELETE", "/things/1");
    expect(headers["allow"]).toBe("GET, HEAD");
  });

  test("of another kind of body says so", async () => {
    const answer = await send("POST", "/things", "<thing/>", { "content-type": "application/xml" });
    expect(answer).toMatchObject({ status: 415, body: { code: "MEDIA_TYPE_UNSUPPORTED" } });
  });

  test("of 33 MB comes before they are read", async () => {
    const answer = await send("POST", "/things", Buffer.alloc(33 * 1024 * 1024, 0x20), {
      "content-type": "application/json",
    });
    expect(answer).toMatchObject({ status: 413, body: { code: "REQUEST_TOO_LARGE" } });
  });

  test("of an address, or a method, comes before the body is looked at", async () => {
    const json = { "content-type": "application/json" };
    expect((await send("POST", "/nothing", '{"name":', json)).body.code).toBe("ADDRESS_NOT_FOUND");
    expect((await send("POST", "/things/1", '{"name":', json)).body.code).toBe("METHOD_NOT_ALLOWED");
  });

  test("reaches a client that sends all of its 40 MB first, and its next request is answered too", async () => {
    const socket = await raw();
    const answer = readToEnd(socket);
    socket.pause();
    const filling = "x".repeat(40_000_000);
    const head = `POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${String(filling.length)}\r\n\r\n`;
    for (const text of [head, filling, "GET /things/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
      await new Promise((written) => socket.write(text, written));
    socket.resume();
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  test("leaves what happened in the log, under the request's number", async () => {
    const { body } = await send("GET", "/fault");
    const line = log.find((text) => text.includes("secret_table") && text.includes(String(body["request"])));
    expect(line).toBeDefined();
  });
});

describe("A client that does not keep to HTTP", () => {
  test.each([
    ["a header that never ends", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", "408", "REQUEST_TIMED_OUT"],
    [
      "a body that never comes",
      "POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
      "408",
      "REQUEST_TIMED_OUT",
    ],
    ["no HTTP at all", "\u0016\u0003\u0001 hello\r\n\r\n", "400", "REQUEST_NOT_HTTP"],
    [
      "a header of 20 kB",
      `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`,
      "431",
      "REQUEST_HEADERS_TOO_LARGE",
    ],
    [
      "two lengths",
      "POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      "400",
      "REQUEST_NOT_HTTP",
    ],
    [
      "a length and chunks",
      "POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
      "400",
      "REQUEST_NOT_HTTP",
    ],
  ])("(%s) is answered once, in JSON, and its connection is closed", async (_, octets, status, code) => {
    const socket = await raw();
    const answer = readToEnd(socket);
    socket.write(octets);
    const text = await answer;
    expect(text).toContain(`HTTP/1.1 ${status} `);
    const body = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as Record<string, unknown>;
    expect(body).toMatchObject({ code, details: {} });
  });

  test("by sending ever more requests without an answer is left; one that sends some ahead is served", async () => {
    const ask = "GET /thinking HTTP/1.1\r\nHost: a\r\n\r\n";
    const few = await raw();
    const answers = readToEnd(few);
    few.write(ask.repeat(mostUnanswered - 1) + ask.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const many = await raw();
    const refused = readToEnd(many);
    many.write(ask.repeat(mostUnanswered + 1));
    expect(await refused).toBe("");
    expect((await answers).match(/HTTP\/1\.1 200/g)).toHaveLength(mostUnanswered);
  });

  test("by not reading its answer is left, and the answer with it", async () => {
    const socket = await raw();
    socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause();
    await vi.waitFor(
      () => {
        expect(endless.destroyed).toBe(true);
      },
      { timeout: 10_000 },
    );
    socket.destroy();
    // An answer that we take our time for is another matter.
    expect((await send("GET", "/thinking")).status).toBe(200);
  });

  test("never brings the server down", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (octets) => {
        const socket = await raw();
        const answer = readToEnd(socket);
        socket.end(octets);
        expect(await answer).not.toMatch(/^HTTP\/1\.1 (2|5)/);
      }),
      { numRuns: 50 },
    );
    const { status } = await send("GET", "/things/1");
    expect(status).toBe(200);
  });
});
