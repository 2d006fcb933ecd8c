import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ClientRequest } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../database/testkit.ts";
import { messageMediaType } from "../../web/smki/messages/index.ts";
import { sampleManufacturer, sampleSupplier } from "../demo/sample-parties.ts";
import { serverAuthorityFile } from "./server-certificate.ts";
import { credentialOf, enrolParties, found, type Identity } from "./testkit/estates.ts";
import { type HttpsClient, httpsClient } from "./testkit/https-client.ts";
import { keysOfMeters, meterKeys } from "./testkit/requests.ts";
import { cleanUp, type Running, smki, startSmki, temporaryFolder, until } from "./testkit/smki.ts";
import {
  askAdHoc,
  askResult,
  batchBody,
  postBatch,
  submitPath,
  systemCredential,
} from "./testkit/web-services.ts";

/** A web process, and where it listens. */
interface Node {
  readonly running: Running;
  readonly url: string;
  readonly ca: string;
}

const root = temporaryFolder();
/** The folder that the workers share: keys, and the signer's last checkpoint. */
const shared = join(root, "shared");
/** Of a machine that only serves. */
const elsewhere = join(root, "elsewhere");
let postgresql: TestDatabase;
let nodes: readonly [Node, Node];
let workers: readonly [Running, Running];
let manufacturer: Identity;
let supplier: Identity;
const clients: HttpsClient[] = [];

/** A log line of a process, once it is there. */
const lineOf = (running: Running, message: string) =>
  until(() =>
    running
      .stderr()
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as { msg: string; url?: string; metricsUrl?: string })
      .find(({ msg }) => msg === message),
  ).catch((cause: unknown) => {
    throw new Error(`no "${message}": ${running.stderr().slice(-2_000)}`, { cause });
  });

async function node(data: string, env = {}): Promise<Node> {
  const running = startSmki(["serve", "--data", data], { env });
  const { url = "" } = await lineOf(running, "listening");
  return { running, url, ca: readFileSync(serverAuthorityFile(join(data, "tls")), "utf8") };
}

async function worker(): Promise<Running> {
  const running = startSmki(["work", "--data", shared]);
  await lineOf(running, "at work");
  return running;
}

function clientAt({ url, ca }: Node, identity: Identity): HttpsClient {
  const client = httpsClient(url, { ca, ...identity });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  postgresql = await testDatabase(2);
  await postgresql.database.transaction(async (tx) => {
    await sql`drop schema public cascade`.execute(tx);
    await sql`create schema public`.execute(tx);
  });
  for (const folder of [shared, elsewhere]) {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(
      join(folder, "smki.toml"),
      `environment = "test"\n\n[database]\nurl = "${postgresql.connectionString}"\n`,
    );
  }
  await found(shared);
  copyFileSync(join(shared, "ledger-verifier-key.txt"), join(elsewhere, "ledger-verifier-key.txt"));
  const [one, other, ...both] = await Promise.all([
    node(shared),
    node(elsewhere, { SMKI_WEB_MAXIMUM_UPLOADS: "1" }),
    worker(),
    worker(),
  ]);
  nodes = [one, other];
  workers = both;
  const service = { data: shared, answer: { url: one.url } };
  await enrolParties(service as Parameters<typeof enrolParties>[0], [sampleManufacturer, sampleSupplier]);
  manufacturer = await systemCredential(shared, "SMPM", "line 2", "batched");
  supplier = await systemCredential(shared, "SMPS", "replacements", "ad-hoc");
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await cleanUp();
  await postgresql.drop();
});

const bodyOf = (reference: string, csrs: readonly Buffer[]) =>
  batchBody(
    reference,
    csrs.map((csr, place) => ({ clientId: `csr-${String(place)}`, request: csr })),
  );

async function submitted(client: HttpsClient, body: Buffer): Promise<string> {
  const { message } = await postBatch(client, body);
  if (message.outcome.status !== "PENDING") throw new Error(message.outcome.error.code);
  return message.outcome.batchId;
}

const completed = (client: HttpsClient, batchId: string) =>
  until(async () => {
    const result = await askResult(client, batchId);
    return result.head.status === "COMPLETED" ? result : undefined;
  });

/** The serial numbers of a result in which each CSR has its own certificate, under its own name and in its place. */
function serialsOf({ answers }: Awaited<ReturnType<typeof askResult>>, csrs: readonly Buffer[]): string[] {
  expect(answers.map(({ clientId }) => clientId)).toEqual(csrs.map((_, place) => `csr-${String(place)}`));
  return answers.map(({ answer }, place) => {
    if (!("certificate" in answer)) throw new Error(answer.error.code);
    const { publicKey, serialNumber } = new X509Certificate(answer.certificate);
    expect(csrs[place]?.includes(publicKey.export({ format: "der", type: "spki" }).subarray(-65))).toBe(true);
    return serialNumber;
  });
}

/** Stops a process where it stands while something is done. */
async function without<Result>(running: Running, work: () => Promise<Result>): Promise<Result> {
  running.kill("SIGSTOP");
  try {
    return await work();
  } finally {
    running.kill("SIGCONT");
  }
}

describe("Two web processes and two workers over one database", () => {
  test("are one service: a batch goes in at one, and its status and its result come from the other", async () => {
    const [here, there] = nodes.map((one) => clientAt(one, manufacturer)) as [HttpsClient, HttpsClient];
    const csrs = keysOfMeters(1, 4).map(({ csr }) => csr);
    const batchId = await submitted(here, await bodyOf("first", csrs));
    const serials = serialsOf(await completed(there, batchId), csrs);
    const { answers } = await askResult(here, batchId);
    expect(answers).toHaveLength(serials.length);
  });

  test("answer a single CSR at either, whichever worker issues it", async () => {
    const [here, there] = nodes.map((one) => clientAt(one, supplier)) as [HttpsClient, HttpsClient];
    let meter = 0;
    for (const stopped of workers)
      await without(stopped, async () => {
        for (const client of [here, there]) {
          meter += 1;
          const answer = await askAdHoc(client, `ad-hoc-${String(meter)}`, freshCsr(meter));
          expect(answer).toMatchObject({ answer: { status: "SUCCESS" } });
        }
      });
  });

  test("do not know each other's TLS sessions, and begin new ones", async () => {
    const [here, there] = nodes;
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { session } = await ask(here, { maxVersion });
      const again = await ask(here, { maxVersion, session });
      const atOther = await ask(there, { maxVersion, session });
      expect([again.status, again.isResumed]).toEqual([200, true]);
      expect([atOther.status, atOther.isResumed]).toEqual([200, false]);
    }
  });

  test("take in as many batches at once as the settings say, and the others in turn", async () => {
    const [, there] = nodes;
    const body = await bodyOf("in turn", [freshCsr(5)]);
    const slow = uploadHalf(there, body);
    slow.broken.catch(() => undefined);
    const waiting = await until(async () => {
      const sent = submitted(clientAt(there, manufacturer), body);
      const isWaiting = await Promise.race([sent.then(() => false), sleep(300, true)]);
      return isWaiting ? { sent } : undefined;
    });
    slow.request.destroy();
    expect(Number(await waiting.sent)).toBeGreaterThan(0);
  });

  test("go on by themselves when each of their database connections is lost in the middle of a batch", async () => {
    const [here, there] = nodes.map((one) => clientAt(one, manufacturer)) as [HttpsClient, HttpsClient];
    const csrs = keysOfMeters(500, 1_000).map(({ csr }) => csr);
    const batchId = await submitted(here, await bodyOf("cut connections", csrs));
    await until(async () => ((await chunksOf(batchId)).includes("recorded") ? true : undefined));
    expect(await cutConnections()).toBeGreaterThan(8);
    const found = () => askResult(there, batchId).catch(() => undefined);
    const result = await until(async () => {
      const answer = await found();
      return answer?.head.status === "COMPLETED" ? answer : undefined;
    });
    expect(new Set(serialsOf(result, csrs)).size).toBe(csrs.length);
    // Who waits for a single CSR hears of it again, too.
    for (const [place, one] of nodes.entries())
      expect(await askAdHoc(clientAt(one, supplier), "after", freshCsr(1 + place))).toMatchObject({
        answer: { status: "SUCCESS" },
      });
  });

  test("lose a web process and a worker in the middle, and nothing else", async () => {
    const [doomed, spared] = nodes;
    const [killed, survivor] = workers;
    const client = clientAt(spared, manufacturer);
    const first = keysOfMeters(1_000, 2_000).map(({ csr }) => csr);
    const second = keysOfMeters(4_000, 1_000).map(({ csr }) => csr);
    const [firstBody, secondBody] = await Promise.all([bodyOf("long", first), bodyOf("cut off", second)]);
    const before = await certificates();
    // The one that dies has received one batch whole, and another half.
    const half = uploadHalf(doomed, secondBody).broken;
    await until(async () => ((await uploading()) > 0 ? true : undefined));
    const batchId = await submitted(clientAt(doomed, manufacturer), firstBody);
    const chunks = await until(async () => {
      const states = await chunksOf(batchId);
      return states.includes("recorded") || states.includes("finished") ? states : undefined;
    });
    expect(chunks).not.toEqual(["finished", "finished", "finished", "finished"]);
    killed.kill("SIGKILL");
    doomed.running.kill("SIGKILL");
    await expect(half).rejects.toThrow();

    const again = await submitted(client, secondBody);
    const serials = [
      ...serialsOf(await completed(client, batchId), first),
      ...serialsOf(await completed(client, again), second),
    ];
    expect(new Set(serials).size).toBe(first.length + second.length);
    expect(survivor.stderr()).not.toContain("held");
    expect((await certificates()) - before).toBe(serials.length);
    // What was cut off is seen by nobody, and issued to nobody.
    expect(await uploading()).toBe(1);
    const verified = await smki(["ledger", "verify", "--data", shared, "--json"]);
    expect([verified.status, verified.stderr]).toEqual([0, ""]);
  });
});

/** The CSR of a Device's second key: it has a certificate for the first. */
const freshCsr = (meter: number): Buffer => meterKeys(meter)[0]?.csr ?? Buffer.alloc(0);

async function uploading(): Promise<number> {
  const { rows } = await postgresql.database.read((tx) =>
    sql<{ count: number }>`
      select count(*)::int as count from request_batch
      where stage = 'uploading' and exists (select from request_chunk where batch_id = request_batch.id)`.execute(
      tx,
    ),
  );
  return rows[0]?.count ?? 0;
}

/** Ends every connection of the four processes. @returns how many there were */
async function cutConnections(): Promise<number> {
  const { rows } = await postgresql.database.read((tx) =>
    sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'smki %'`.execute(tx),
  );
  return rows.length;
}

/** How many certificates of Devices there are. */
async function certificates(): Promise<number> {
  const { rows } = await postgresql.database.read((tx) =>
    sql<{ count: number }>`select count(*)::int as count from certificate where kind = 'device'`.execute(tx),
  );
  return rows[0]?.count ?? 0;
}

/** Where the chunks of a batch stand. */
async function chunksOf(batchId: string): Promise<string[]> {
  const { rows } = await postgresql.database.read((tx) =>
    sql<{ state: string }>`select state from request_chunk where batch_id = ${batchId}`.execute(tx),
  );
  return rows.map(({ state }) => state);
}

/** Sends the first two thirds of a batch, and waits. */
function uploadHalf({ url, ca }: Node, body: Buffer): { request: ClientRequest; broken: Promise<never> } {
  const { hostname, port } = new URL(url);
  const broken = Promise.withResolvers<never>();
  const headers = { "content-type": messageMediaType, "content-length": body.length };
  const sent = request({ hostname, port, ca, ...manufacturer, method: "POST", path: submitPath, headers });
  sent.on("error", broken.reject);
  sent.write(body.subarray(0, (body.length * 2) / 3));
  return { request: sent, broken: broken.promise };
}

interface Asked {
  readonly status: number;
  readonly isResumed: boolean;
  readonly session: Buffer;
}

/** One request on a connection of its own, with the session of another. */
function ask({ url, ca }: Node, options: object): Promise<Asked> {
  const { hostname, port } = new URL(url);
  const officer = credentialOf(shared, "SMPM", "device");
  return new Promise((resolve, reject) => {
    let session: Buffer = Buffer.alloc(0);
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), ca, ...officer, ...options });
    let isResumed = false;
    socket.on("secureConnect", () => (isResumed = socket.isSessionReused()));
    socket.on("session", (given: Buffer) => (session = given));
    socket.on("error", reject);
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.on("close", () => {
      resolve({ status: Number(text.split(" ")[1]), isResumed, session });
    });
    socket.write("GET /api/v1/portal-allowances HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
}
