import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePem, normaliseSerialNumber } from "../../certificates/index.ts";
import { makeServerCertificate } from "../../web/tls/self-made-certificate.ts";
import { openOperationalSigner } from "../estate/key-stores.ts";
import { type ApiService, apiService } from "./testkit/api-service.ts";
import { type Identity, joinEstate } from "./testkit/estates.ts";
import type { HttpsClient } from "./testkit/https-client.ts";
import { keysOfMeters, meterKeys } from "./testkit/requests.ts";
import { smki, until } from "./testkit/smki.ts";
import {
  adHocPath,
  askAdHoc,
  askResult,
  batchBody,
  postBatch,
  submitPath,
  systemCredential,
} from "./testkit/web-services.ts";

const hasProc = existsSync("/proc/self/environ");
const maximumConnections = 60;

let api: ApiService;
let line: Identity;
let batched: HttpsClient;
beforeAll(async () => {
  api = await apiService({ SMKI_WEB_MAXIMUM_CONNECTIONS: String(maximumConnections) });
  line = await systemCredential(api.service.data, "SMPM", "factory line 1", "batched");
  batched = api.client(line);
}, 120_000);
afterAll(() => api.end());

/** A connection that writes what it likes. */
function raw(identity?: Identity): Promise<TLSSocket> {
  const { hostname, port } = new URL(api.service.answer.url);
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname, port: Number(port), rejectUnauthorized: false, ...identity },
      () => {
        resolve(socket);
      },
    );
    socket.once("error", reject);
  });
}
/** A credential with another end, under the same CA's key. */
async function changedNotAfter(data: string, { cert, key }: Identity, end: Date): Promise<Identity> {
  const octets = Buffer.from(new X509Certificate(cert).raw);
  // Validity: two of UTCTime, thirteen characters each.
  const place = /\x17\r\d{12}Z\x17\r(?=\d{12}Z)/.exec(octets.toString("latin1"));
  if (place === null) throw new Error("no validity");
  octets.write(
    `${end.toISOString().slice(2, 19).replace(/\D/g, "")}Z`,
    place.index + place[0].length,
    "latin1",
  );
  const estate = await joinEstate(data);
  const signer = await openOperationalSigner(estate);
  // Certificate ::= SEQUENCE { tbsCertificate, ... }: two headers of four octets; RSA-2048 signs 256 octets.
  const signature = await signer.sign("iki-issuing", octets.subarray(4, 8 + octets.readUInt16BE(6)));
  signature.copy(octets, octets.length - signature.length);
  await signer.close();
  await estate.close();
  return { cert: encodePem(octets), key };
}
const csrs = (meter: number, count = 1) =>
  keysOfMeters(meter, count).map(({ csr }, index) => ({ clientId: `c${String(index)}`, request: csr }));
const head = (length: number) =>
  `POST ${submitPath} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/xml\r\ncontent-length: ${String(length)}\r\n\r\n`;
/** References of batches in the database, uploads among them. */
async function batchesCalled(reference: string): Promise<number> {
  const estate = await joinEstate(api.service.data);
  try {
    const { rows } = await estate.database.read((tx) =>
      sql<{ count: number }>`select count(*) from request_batch where reference = ${reference}`.execute(tx),
    );
    return Number(rows[0]?.count);
  } finally {
    await estate.close();
  }
}

describe.skipIf(!hasProc)("A service with clients that mean it harm [needs /proc]", () => {
  test("removes an upload that breaks off in the middle, and serves the others meanwhile", async () => {
    const body = await batchBody("broken", csrs(1000, 1_500));
    const socket = await raw(line);
    socket.write(head(body.length));
    socket.write(body.subarray(0, Math.floor(body.length * 0.9)));
    // Some thousands of its CSRs are stored by now.
    await until(async () => ((await batchesCalled("broken")) === 1 ? true : undefined));
    const { message } = await postBatch(batched, await batchBody("whole", csrs(10)));
    expect(message.outcome.status).toBe("PENDING");
    socket.destroy();
    await until(async () => ((await batchesCalled("broken")) === 0 ? true : undefined));
    expect(await batchesCalled("whole")).toBe(1);
  });

  test("hears a client out that sends everything before it reads, and answers the next on the same connection", async () => {
    const filling = 8_000_000;
    const next = await batchBody("next", csrs(40));
    const socket = await raw(line);
    let answers = "";
    socket.on("data", (part: Buffer) => (answers += part.toString("latin1")));
    socket.pause();
    // Refused at its root: what comes behind is more than lies between the two on their way.
    for (const text of [head(filling), "<other>", " ".repeat(filling - 7), head(next.length), next])
      await new Promise<void>((written) =>
        socket.write(text, () => {
          written();
        }),
      );
    socket.resume();
    await until(() => (answers.includes("<BatchId>") ? true : undefined));
    expect(answers.match(/<ErrorCode>[^<]*|<BatchStatus>[^<]*/g)).toEqual([
      "<BatchStatus>FORMAT_ERROR",
      "<ErrorCode>FM:AA1",
      "<BatchStatus>PENDING",
    ]);
    socket.destroy();
  });

  test("is told of lengths and codings that are none, and goes on", async () => {
    for (const request of [
      head(10).replace("content-length: 10", "content-length: x"),
      head(10).replace("content-length: 10", "content-length: 10\r\ntransfer-encoding: chunked"),
      head(10).replace("content-length: 10", "transfer-encoding: chunked") + "zz\r\n",
      `GET ${"/".repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
      "\u0016\u0003\u0001 not http at all\r\n\r\n",
    ]) {
      const socket = await raw(line);
      const answer = await new Promise<string>((resolve) => {
        let text = "";
        socket.on("data", (part: Buffer) => (text += part.toString("latin1")));
        socket.on("close", () => {
          resolve(text);
        });
        socket.on("error", () => undefined);
        socket.write(request);
      });
      expect(answer, request.slice(0, 60)).toMatch(/^HTTP\/1\.1 (200|4\d\d) /);
    }
    expect((await askResult(batched, "999999")).head.error?.code).toBe("FM:AA3");
  });

  test("closes connections above its limit, and serves those that are in, and others when there is room", async () => {
    await askResult(batched, "999999"); // is in
    const sockets = await Promise.allSettled(Array.from({ length: maximumConnections + 20 }, () => raw()));
    const open = sockets.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(open.length).toBeLessThan(maximumConnections);
    expect((await askResult(batched, "999999")).status).toBe(200);
    for (const socket of open) socket.destroy();
    const late = api.client();
    await until(async () =>
      (await late.get("/healthz").catch(() => undefined))?.status === 200 ? true : undefined,
    );
  });

  test("ends a credential on an open connection at once, on every route", async () => {
    const identity = await systemCredential(api.service.data, "SMPS", "to be ended", "ad-hoc");
    const client = api.client(identity);
    const [key] = meterKeys(20);
    const before = await askAdHoc(client, "before", key?.csr ?? Buffer.alloc(0));
    expect(before.answer.status).toBe("UNKNOWN_DEVICE");
    const serial = normaliseSerialNumber(new X509Certificate(identity.cert).serialNumber);
    const ended = await smki(["credential", "end", serial, "--data", api.service.data]);
    expect(ended.status).toBe(0);
    const after = await client.send("POST", adHocPath, { body: "" });
    expect([after.status, /<ErrorCode>(.*)<\/ErrorCode>/.exec(after.text)?.[1]]).toEqual([401, "WF:BC3"]);
  });

  test("takes no batch whose credential ended while it was on its way", async () => {
    const identity = await systemCredential(api.service.data, "SMPM", "slow line", "batched");
    const body = await batchBody("outlived", csrs(50));
    const socket = await raw(identity);
    let answer = "";
    socket.on("data", (part: Buffer) => (answer += part.toString("latin1")));
    socket.write(head(body.length));
    socket.write(body.subarray(0, -20));
    // The request is under way once another on the service was answered.
    await askResult(batched, "999999");
    const serial = normaliseSerialNumber(new X509Certificate(identity.cert).serialNumber);
    expect((await smki(["credential", "end", serial, "--data", api.service.data])).status).toBe(0);
    expect(answer).toBe("");
    socket.write(body.subarray(-20));
    await until(() => (answer.includes("</SubmitCSRBatchStatus>") ? true : undefined));
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*<ErrorCode>WF:BC3</);
    expect(await batchesCalled("outlived")).toBe(0);
    socket.destroy();
  });

  test("tells a client whose certificate has expired so, at a new connection and on one that was open", async () => {
    const { service } = api;
    const expired = await changedNotAfter(service.data, line, new Date(Date.now() - 1_000));
    const submit = async (client: HttpsClient) => {
      const answer = await client.send("POST", submitPath, { body: "" });
      return [answer.status, /<ErrorCode>(.*)<\/ErrorCode>/.exec(answer.text)?.[1]];
    };
    expect(await submit(api.client(expired))).toEqual([401, "WF:BC4"]);
    // The genuine one of this serial number is another, so that nobody is known by it before its end either.
    for (let seconds = 2; ; seconds *= 2) {
      const soon = await changedNotAfter(service.data, line, new Date(Date.now() + seconds * 1_000));
      const client = api.client(soon);
      const [, code] = await submit(client);
      // On a slow machine its end came before the connection.
      if (code === "WF:BC4") continue;
      expect(code).toBe("WF:BC2");
      await until(async () => ((await submit(client))[1] === "WF:BC4" ? true : undefined));
      break;
    }
  });

  test("knows nobody by a certificate of another CA", async () => {
    const { certificate: cert, key } = makeServerCertificate(["127.0.0.1"], new Date());
    const answer = await api.client({ key, cert }).send("POST", submitPath, { body: "<a/>" });
    expect([answer.status, answer.text.includes("WF:BC2")]).toEqual([401, true]);
  });
});
