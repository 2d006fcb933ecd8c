import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import type { InjectOptions } from "fastify";
import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rules } from "../../../authorities/ceremony/terms.testkit.ts";
import { remotePartyRole } from "../../../certificates/index.ts";
import { approveBatch, rejectBatch } from "../../../issuance/approve-batch.ts";
import { byPerson, publishedWindow } from "../../../issuance/batches.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsrs,
  makeIkiCsr,
  operator,
  sampleParties,
} from "../../../issuance/issuance.testkit.ts";
import { parseBatch } from "../../../issuance/parse-batch.ts";
import { workChunk } from "../../../issuance/work-chunk.ts";
import { localOperator } from "../../../registration/principal.ts";
import { createWebServer, type WebServer } from "../../server/create-server.ts";
import { makeServerCertificate } from "../../tls/self-made-certificate.ts";
import {
  BatchResultReader,
  messageMediaType,
  readSubmitBatchStatus,
  writeSubmitBatch,
} from "../messages/index.ts";
import { schemaPath } from "../schemas/index.ts";
import { batchResultPath, submitBatchPath } from "./batched-service.ts";
import { registerSmkiServices } from "./smki-services.ts";

const hasXmllint = spawnSync("xmllint", ["--version"]).error === undefined;
const terms = { ...publishedWindow, approval: byPerson.approval };
const clerk = localOperator("clerk");
let estate: IssuingEstate;
let server: WebServer;

beforeAll(async () => {
  // A winter's evening: the clocks of Great Britain show UTC.
  estate = await issuingEstate({ at: new Date("2026-11-23T19:59:00Z"), released: 3 });
  const { database, clock } = estate;
  const made = makeServerCertificate(["127.0.0.1"], clock.read());
  server = createWebServer({
    tls: { cert: made.certificate, key: made.key },
    clientAuthorities: [made.authority],
    logger: pino({ level: "silent" }),
    bodyLimit: 1024 * 1024,
  });
  const credential = await systemCredential();
  await registerSmkiServices(server, {
    database,
    clock: clock.read,
    rules,
    terms,
    build: "1.2.3",
    adHocPath: "/1.0/DeviceCSR/SubmitCSR",
    readClientCertificate: () => credential,
  });
}, 60_000);
afterAll(async () => {
  await server.close();
  await estate.end();
});

/** The credential of a system of the manufacturer for the batched service. */
async function systemCredential() {
  const partyId = estate.parties.manufacturer;
  const organisation = sampleParties.manufacturer.name;
  const csr = makeIkiCsr({ organisation, role: remotePartyRole(2), commonName: "line 1" });
  const holder = { partyId, systemName: "line 1", subscriberFor: "device", webService: "batched" } as const;
  const batchId = await estate.submit(operator, "iki", [csr], { partyId, holder });
  await estate.work(batchId);
  const [serialNumber] = issuedSerialNumbers(await estate.outcomes(batchId));
  if (serialNumber === undefined) throw new Error(JSON.stringify(await estate.outcomes(batchId)));
  const { certificate } = await estate.certificate(serialNumber);
  return { serialNumber, notAfter: new Date("2030-01-01"), sha256: hash("sha256", certificate, "hex") };
}

/** An answer of the service, valid under its schema. */
async function answerTo(asked: InjectOptions): Promise<Buffer> {
  const { statusCode, headers, rawPayload } = await server.inject(asked);
  expect([statusCode, headers["content-type"]]).toEqual([200, messageMediaType]);
  if (hasXmllint) {
    const words = ["--nonet", "--noout", "--schema", schemaPath("batched"), "-"];
    expect(spawnSync("xmllint", words, { input: rawPayload, encoding: "utf8" }).stderr).toBe("- validates\n");
  }
  return rawPayload;
}

async function submit(count: number): Promise<number> {
  const csrs = makeDeviceCsrs(count).map((request, place) => ({ clientId: `ID${String(place)}`, request }));
  let payload = "";
  for await (const part of writeSubmitBatch("b1999", csrs)) payload += String(part);
  const headers = { "content-type": messageMediaType };
  const status = readSubmitBatchStatus(
    await answerTo({ method: "POST", url: submitBatchPath, headers, payload }),
  );
  if (status.outcome.status !== "PENDING") throw new Error(status.outcome.error.text);
  return Number(status.outcome.batchId);
}

async function poll(batch: number) {
  const octets = await answerTo({ method: "GET", url: `${batchResultPath}?BatchId=${String(batch)}` });
  const reader = new BatchResultReader();
  const answers = reader.write(octets);
  const { status, reference, batchId } = reader.end();
  expect({ reference, batchId }).toEqual({ reference: "b1999", batchId: String(batch) });
  return { status, results: answers.length };
}

const approve = (batch: number) =>
  estate.database.transaction((tx) => approveBatch(tx, clerk, batch, undefined, estate.clock.read()));
const parse = (batch: number) => parseBatch({ ...estate, clock: estate.clock.read }, batch);

test("A batch that the Registration Authority rejects is PENDING, and REJECTED for ever", async () => {
  const batch = await submit(1);
  expect(await poll(batch)).toEqual({ status: "PENDING", results: 0 });
  await estate.database.transaction((tx) => rejectBatch(tx, clerk, batch, "a test", estate.clock.read()));
  expect(await poll(batch)).toEqual({ status: "REJECTED", results: 0 });
});

test("A batch that was changed between upload and parsing is TAMPERED, and nothing of it is issued", async () => {
  const batch = await submit(2);
  await estate.database.transaction((tx) =>
    sql`update request_chunk set requests = set_byte(requests, 100, get_byte(requests, 100) # 1) where batch_id = ${batch}`.execute(
      tx,
    ),
  );
  await approve(batch);
  expect(await poll(batch)).toEqual({ status: "PARSING", results: 0 });
  await parse(batch);
  expect(await poll(batch)).toEqual({ status: "TAMPERED", results: 0 });
});

test("A batch is PAUSED at 19:59, QUEUED and PROCESSING from 20:00, PAUSED again at 08:00 and COMPLETED the next night", async () => {
  const batch = await submit(1_001);
  await approve(batch);
  await parse(batch);
  expect(await poll(batch)).toEqual({ status: "PAUSED", results: 0 });
  estate.clock.set(new Date("2026-11-23T20:01:00Z"));
  expect(await poll(batch)).toEqual({ status: "QUEUED", results: 0 });
  const [first = 0, second = 0] = await estate.chunksOf(batch);
  await workChunk(estate.issuing(), first);
  expect(await poll(batch)).toEqual({ status: "PROCESSING", results: 0 });
  estate.clock.set(new Date("2026-11-24T08:00:00Z"));
  expect(await poll(batch)).toEqual({ status: "PAUSED", results: 0 });
  estate.clock.set(new Date("2026-11-24T20:00:00Z"));
  await workChunk(estate.issuing(), second);
  expect(await poll(batch)).toEqual({ status: "COMPLETED", results: 1_001 });
});
