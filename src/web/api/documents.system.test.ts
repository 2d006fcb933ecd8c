import { hash, randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localOperator } from "../../registration/principal.ts";
import { registerUser } from "../../repository/access/access.ts";
import { type ApiTestbed, apiTestbed } from "./api.testkit.ts";

const pdf = (length: number) => Buffer.concat([Buffer.from("%PDF-"), randomBytes(length - 5)]);
const limit = 32 * 1024 * 1024;
let testbed: ApiTestbed;
beforeAll(async () => {
  testbed = await apiTestbed();
  await testbed.server.listen({ host: "127.0.0.1", port: 0 });
  await be("dcc");
});
afterAll(() => testbed.end());

/** From now on the officer's Party is of that category. */
const be = (category: string) =>
  testbed.database.transaction((tx) => sql`update party set categories = array[${category}]`.execute(tx));

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly code: string | undefined;
}

/** Over TLS, as octets really arrive. @param body - parts, each written by itself */
async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: AsyncIterable<Buffer> | Iterable<Buffer> = [],
): Promise<Answer> {
  const { port } = testbed.server.server.address() as AddressInfo;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const all = { ...testbed.as("organisation"), ...headers };
  const options = {
    host: "127.0.0.1",
    port,
    method,
    path: `/api/v1${path}`,
    headers: all,
    agent: false as const,
  };
  const sent = request({ ...options, rejectUnauthorized: false }, (response) => {
    const parts: Buffer[] = [];
    response.on("data", (part: Buffer) => parts.push(part));
    response.on("error", reject);
    response.on("end", () => {
      const octets = Buffer.concat(parts);
      const isRefusal = (response.statusCode ?? 0) >= 400 && octets.length > 0;
      const code = isRefusal ? (JSON.parse(octets.toString()) as { code: string }).code : undefined;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: octets, code });
    });
  });
  sent.on("error", reject);
  try {
    for await (const part of body) sent.write(part);
  } catch (error) {
    sent.destroy(error as Error);
  }
  sent.end();
  return promise;
}
const type = { "content-type": "application/pdf" };
const address = (version: string, query = "") => `/documents/smki-rapp/versions/${version}${query}`;
const lodge = (version: string, octets: Buffer, query = "", headers: Record<string, string> = type) =>
  ask("PUT", address(version, query), headers, [octets]);
const spooled = () => readdirSync(tmpdir()).filter((name) => name.startsWith("smki-body-"));

describe("A version", () => {
  test("is lodged by the DCC, told where it is, and given as it went in", async () => {
    const octets = pdf(1_500_000);
    const lodged = await lodge("1.0", octets, `?sha256=${hash("sha256", octets)}`);
    expect([lodged.status, lodged.headers.location]).toEqual([201, `/api/v1${address("1.0")}`]);
    const got = await ask("GET", address("1.0"));
    expect(got.status).toBe(200);
    expect(got.body.equals(octets)).toBe(true);
    expect(got.headers).toMatchObject({
      "content-type": "application/pdf",
      "content-length": "1500000",
      "content-disposition": 'attachment; filename="smki-rapp-1.0.pdf"',
      "x-content-type-options": "nosniff",
      "cache-control": "private, max-age=31536000, immutable",
      etag: `"${hash("sha256", octets)}"`,
      "repr-digest": `sha-256=:${hash("sha256", octets, "base64")}:`,
    });
    const head = await ask("HEAD", address("1.0"));
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([200, "1500000", 0]);
    const kept = await ask("GET", address("1.0"), { "if-none-match": `W/"x", ${String(got.headers.etag)}` });
    expect([kept.status, kept.body.length, kept.headers.etag]).toEqual([304, 0, got.headers.etag]);
    const listed = JSON.parse((await ask("GET", "/documents/smki-rapp")).body.toString()) as object;
    expect(listed).toMatchObject({ versions: [{ version: "1.0", title: "SMKI RAPP", octets: 1_500_000 }] });
  });

  test("is taken up to the very limit, and refused an octet above it, told or untold", async () => {
    expect((await lodge("2.0", pdf(limit))).status).toBe(201);
    expect((await ask("GET", address("2.0"))).body).toHaveLength(limit);
    const over = await lodge("2.1", pdf(limit + 1));
    expect([over.status, over.code]).toEqual([413, "REQUEST_TOO_LARGE"]);
    expect((await ask("GET", address("2.1"))).code).toBe("DOCUMENT_NOT_FOUND");
  });

  test("of which too little or nothing right comes leaves nothing", async () => {
    const broken = async function* () {
      yield pdf(100_000);
      await Promise.resolve();
      throw new Error("the line is cut");
    };
    const lay = spooled();
    for (const told of [{}, { "content-length": "200000" }])
      await expect(ask("PUT", address("3.0"), { ...type, ...told }, broken())).rejects.toThrow(
        "the line is cut",
      );
    for (const [octets, query, headers, code] of [
      ["", "", type, "DOCUMENT_INVALID"],
      ["<script>", "", type, "DOCUMENT_INVALID"],
      ["<script>", "", { "content-type": "text/html" }, "DOCUMENT_INVALID"],
      ["%PDF-1.7", "", {}, "DOCUMENT_INVALID"],
      ["%PDF-1.7", "", { "content-type": "application/json" }, "DOCUMENT_INVALID"],
      ["%PDF-1.7", `?sha256=${"0".repeat(64)}`, type, "DOCUMENT_DAMAGED"],
      ["%PDF-1.7", "?sha256=0", type, "REQUEST_INVALID"],
      ["%PDF-1.7", "?for=pma", type, "REQUEST_INVALID"],
    ] as const) {
      const answer = await lodge("3.0", Buffer.from(octets), query, headers);
      expect([answer.status < 500, answer.code], `${octets} ${query}`).toEqual([true, code]);
    }
    expect((await ask("GET", address("3.0"))).code).toBe("DOCUMENT_NOT_FOUND");
    await expect.poll(() => spooled().filter((name) => !lay.includes(name))).toEqual([]);
  });

  test("is lodged once, of two at once", async () => {
    const answers = await Promise.all([lodge("4.0", pdf(900_000)), lodge("4.0", pdf(900_001))]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const { octets, sha256 } = JSON.parse(
      (answers.find(({ status }) => status === 201)?.body ?? "").toString(),
    ) as { octets: number; sha256: string };
    const { body } = await ask("GET", address("4.0"));
    expect([body.length, hash("sha256", body)]).toEqual([octets, sha256]);
  });

  test("has an address of one form", async () => {
    for (const path of [
      "/documents/..%2f..%2fetc/versions/1.0",
      "/documents/SMKI-RAPP/versions/1.0",
      address("1.00"),
      address("%00"),
    ])
      expect((await ask("GET", path)).status, path).toBeGreaterThanOrEqual(400);
  });
});

test("Others than the DCC may not lodge, and learn so before they have sent anything", async () => {
  await be("large-supplier");
  try {
    let sent = 0;
    const endless = async function* () {
      while (sent < 200) {
        sent += 1;
        yield Buffer.alloc(1024 * 1024);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // The connection may end under what is still being sent.
    const answer = await ask("PUT", address("5.0"), type, endless()).catch(() => undefined);
    expect(answer?.code ?? "NOT_PERMITTED").toBe("NOT_PERMITTED");
    expect((await lodge("5.0", pdf(10))).code).toBe("NOT_PERMITTED");
    // Reading is for everyone with a credential, and for nobody else.
    expect((await ask("GET", address("1.0"))).status).toBe(200);
    const { statusCode } = await testbed.server.inject({ path: `/api/v1${address("1.0")}` });
    expect(statusCode).toBe(401);
  } finally {
    await be("dcc");
  }
});

test("A Party sees what its own repository users used, and no others", async () => {
  const operator = localOperator("test");
  const at = new Date("2026-03-04T00:00:00Z");
  await testbed.database.transaction(async (tx) => {
    const { rows } = await sql<{ id: number }>`select id from party`.execute(tx);
    const partyId = rows[0]?.id ?? 0;
    const own = await registerUser(tx, operator, { partyId, name: "ours", forecastRequests: 10 }, at);
    await sql`insert into party (name, categories, registered_at) values ('Other', array['other-user'], ${at})`.execute(
      tx,
    );
    const { rows: others } = await sql<{ id: number }>`select id from party where name = 'Other'`.execute(tx);
    await registerUser(tx, operator, { partyId: others[0]?.id ?? 0, name: "theirs" }, at);
    await sql`insert into repository_usage values (${own}, '2026-03-04', 'web-service', 13)`.execute(tx);
  });
  const { body } = await ask("GET", "/repository-usage");
  expect(JSON.parse(body.toString())).toEqual({
    users: [
      {
        ...{ user: expect.any(Number) as unknown, name: "ours", webService: 13, fileTransfer: 0 },
        ...{ forecast: 10, allowance: 12, isAbove: true },
      },
    ],
  });
});
