import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CsrAnswer, readAdHocAnswer, writeAdHocRequest } from "../../web/smki/messages/index.ts";
import { type ApiService, apiService } from "./testkit/api-service.ts";
import { joinEstate } from "./testkit/estates.ts";
import type { HttpsClient } from "./testkit/https-client.ts";
import { refusalIn } from "./testkit/https-client.ts";
import { issueDevice, keysOfMeters, meterKeys, organisationCsr } from "./testkit/requests.ts";
import { until } from "./testkit/smki.ts";
import {
  adHocPath,
  askAdHoc,
  askResult,
  batchBody,
  postAdHoc,
  postBatch,
  submitPath,
  systemCredential,
} from "./testkit/web-services.ts";

const hasProc = existsSync("/proc/self/environ");

let api: ApiService;
let manufacturer: HttpsClient;
let adHoc: HttpsClient;
let batched: HttpsClient;
let other: HttpsClient;
beforeAll(async () => {
  api = await apiService();
  manufacturer = api.of("SMPM", "device");
  const { data } = api.service;
  adHoc = api.client(await systemCredential(data, "SMPS", "replacements", "ad-hoc"));
  batched = api.client(await systemCredential(data, "SMPM", "factory line 1", "batched"));
  other = api.client(await systemCredential(data, "SMPO", "night job", "batched"));
}, 120_000);
afterAll(() => api.end());

const csrOf = (meter: number, which = 0): Buffer => meterKeys(meter)[which]?.csr ?? Buffer.alloc(0);
const code = (answer: Awaited<ReturnType<typeof askAdHoc>>) =>
  answer.answer.status === "SUCCESS" ? "SUCCESS" : `${answer.answer.status} ${answer.answer.error.code}`;
/** Whether an answer is a certificate for the key of that CSR. */
function certifies(answer: CsrAnswer<string> | undefined, csr: Buffer): boolean {
  if (answer === undefined || !("certificate" in answer)) return false;
  const { publicKey } = new X509Certificate(answer.certificate);
  return csr.includes(publicKey.export({ format: "der", type: "spki" }).subarray(-65));
}
/** Waits for a batch to come to its end. */
const ended = (client: HttpsClient, batchId: string) =>
  until(async () => {
    const result = await askResult(client, batchId);
    return ["PENDING", "PARSING", "QUEUED", "PROCESSING"].includes(result.head.status) ? undefined : result;
  });
async function submitted(client: HttpsClient, reference: string, csrs: readonly Buffer[]): Promise<string> {
  const named = csrs.map((request, index) => ({ clientId: `csr-${String(index)}`, request }));
  const { message } = await postBatch(client, await batchBody(reference, named));
  if (message.outcome.status !== "PENDING") throw new Error(message.outcome.error.code);
  return message.outcome.batchId;
}

describe.skipIf(!hasProc)("The Ad Hoc Device CSR Web Service [needs /proc]", () => {
  test("replaces the certificate of a Device in the same answer", async () => {
    await issueDevice(manufacturer, 1);
    const csr = csrOf(1, 1);
    const answer = await askAdHoc(adHoc, "replace-1", csr);
    expect(answer).toMatchObject({ reference: "replace-1", answer: { status: "SUCCESS" } });
    expect(Number(answer.transactionId)).toBeGreaterThan(0);
    expect(certifies(answer.answer, csr)).toBe(true);
    // The same key again: an example of Appendix M has the code.
    expect(code(await askAdHoc(adHoc, "again", csr))).toBe("CSR_ERROR CR:9999");
  });

  test("knows no Device that never had a certificate", async () => {
    expect(code(await askAdHoc(adHoc, "first", csrOf(2)))).toBe("UNKNOWN_DEVICE UD:FF1");
  });

  test("answers 200 with the reason to whatever is no request of its form, and goes on", async () => {
    for (const [body, expected] of [
      ["", "FORMAT_ERROR FM:AA1"],
      ["<DeviceCertificateSigningRequest", "FORMAT_ERROR FM:AA1"],
      ["<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "FORMAT_ERROR FM:AA1"],
      [writeAdHocRequest("x", Buffer.from("30", "hex")), "CSR_ERROR CR:CC2"],
      [writeAdHocRequest("x", organisationCsr("70b3d51f30010000")), "CSR_ERROR CR:CD3"],
      [Buffer.alloc(100_000, 0x20), "FORMAT_ERROR FM:AA9"],
    ] as const) {
      const answer = await postAdHoc(adHoc, body);
      expect(answer.status).toBe(200);
      expect(answer.headers["content-type"]).toBe("application/xml;charset=UTF-8");
      expect(code(readAdHocAnswer(answer.octets)), String(body).slice(0, 60)).toBe(expected);
    }
    for (const type of ["", ";", "application/json", "text/xml;charset=iso-8859-1"]) {
      const answer = await adHoc.send("POST", adHocPath, {
        headers: { "content-type": type },
        body: writeAdHocRequest("x", csrOf(2)),
      });
      expect([answer.status, code(readAdHocAnswer(answer.octets))], type).toEqual([
        200,
        "FORMAT_ERROR FM:AB1",
      ]);
    }
    expect(code(await askAdHoc(adHoc, "after", csrOf(2)))).toBe("UNKNOWN_DEVICE UD:FF1");
  });

  test("is for those who can be a Device's Supplier, each with a credential for this service", async () => {
    const { data } = api.service;
    const maker = api.client(await systemCredential(data, "SMPM", "line 2", "ad-hoc"));
    const system = api.client(await systemCredential(data, "SMPS", "another system"));
    for (const client of [maker, batched, system, manufacturer])
      expect(code(await askAdHoc(client, "mine", csrOf(1)))).toBe("WORKFLOW_ERROR WF:BC5");
    const nobody = await postAdHoc(api.client(), writeAdHocRequest("mine", csrOf(1)));
    expect([nobody.status, code(readAdHocAnswer(nobody.octets))]).toEqual([401, "WORKFLOW_ERROR WF:BC1"]);
  });

  test("its credential opens nothing else", async () => {
    const answer = await adHoc.get("/api/v1/certificates?role=2");
    expect([answer.status, refusalIn(answer).code]).toEqual([403, "NOT_PERMITTED"]);
    const { message } = await postBatch(adHoc, await batchBody("b", [{ clientId: "a", request: csrOf(3) }]));
    expect(message.outcome).toMatchObject({ error: { code: "WF:BC5" } });
    const method = await adHoc.get(adHocPath);
    expect(method.status).toBe(405);
  });
});

describe.skipIf(!hasProc)("The Batched Device CSR Web Service [needs /proc]", () => {
  test("takes a batch, and gives each CSR its certificate or its reason, in order", async () => {
    const good = keysOfMeters(100, 3).map(({ csr }) => csr);
    const csrs = [...good, Buffer.from("3000", "hex"), organisationCsr("70b3d51f30010000")];
    const batchId = await submitted(batched, "line 1, shift 2", csrs);
    const { head, answers } = await ended(batched, batchId);
    expect(head).toMatchObject({ status: "COMPLETED", reference: "line 1, shift 2", batchId });
    expect(answers.map(({ clientId }) => clientId)).toEqual(csrs.map((_, index) => `csr-${String(index)}`));
    expect(answers.map(({ answer }) => answer.status)).toEqual([
      ...good.map(() => "SUCCESS"),
      "CSR_ERROR",
      "CSR_ERROR",
    ]);
    for (const [index, csr] of good.entries()) expect(certifies(answers[index]?.answer, csr)).toBe(true);
  });

  test("tells another Party of a batch as it tells of one that is not there", async () => {
    const batchId = await submitted(batched, "mine", [csrOf(110)]);
    const known = (await askResult(other, batchId)).head;
    expect(known).toMatchObject({ status: "FORMAT_ERROR", error: { code: "FM:AA3" } });
    const unknown = (await askResult(other, "999999999")).head;
    expect(JSON.stringify(known).replaceAll(batchId, "N")).toBe(
      JSON.stringify(unknown).replaceAll("999999999", "N"),
    );
    for (const wrong of ["", "0", "-1", "1e3", "abc", `${batchId}&BatchId=1`])
      expect((await askResult(other, wrong)).head, wrong).toMatchObject({ status: "FORMAT_ERROR" });
  });

  test("knows no batch of its own Party's that came in another way, and answers no HEAD", async () => {
    const estate = await joinEstate(api.service.data);
    const { rows } = await estate.database.read((tx) =>
      sql<{ id: string; channel: string; kind: string }>`select batch.id, channel, certificate_kind as kind
        from request_batch batch join party on party.id = party_id where signifier = 'SMPM' and channel <> 'batched'`.execute(
        tx,
      ),
    );
    await estate.close();
    // Its officers' credentials among them.
    expect(rows.map(({ kind }) => kind)).toContain("iki");
    for (const { id, channel } of rows)
      expect((await askResult(batched, id)).head, channel).toMatchObject({ error: { code: "FM:AA3" } });
    const head = await batched.send("HEAD", "/1.0/PortalCSRBatch/CSRBatchResult?BatchId=1");
    expect([head.status, head.headers["allow"]]).toEqual([405, "GET"]);
  });

  test("refuses a batch that is not of its form whole, and keeps nothing of it", async () => {
    const one = { clientId: "a", request: csrOf(120) };
    const good = (await batchBody("form", [one])).toString();
    for (const [body, expected] of [
      [good.replaceAll('ID="a"', 'ID="1"'), "FM:AA6"],
      [(await batchBody("form", [one, one])).toString(), "FM:AA7"],
      [good.slice(0, -20), "FM:AA1"],
      [good.replace("<Version>1.0", "<Version>2.0"), "FM:AA4"],
      ["not xml", "FM:AA1"],
    ] as const)
      expect((await postBatch(batched, body)).message.outcome).toMatchObject({
        status: "FORMAT_ERROR",
        error: { code: expected },
      });
    const large = Array.from({ length: 50_001 }, (_, index) => ({
      clientId: `c${String(index)}`,
      request: Buffer.from("3000", "hex"),
    }));
    const { message } = await postBatch(batched, await batchBody("too many", large));
    expect(message).toMatchObject({ reference: "too many", outcome: { error: { code: "FM:AA2" } } });
    const estate = await joinEstate(api.service.data);
    try {
      const { rows } = await estate.database.read((tx) =>
        sql<{
          reference: string;
        }>`select reference from request_batch where reference in ('form', 'too many')`.execute(tx),
      );
      expect(rows).toEqual([]);
    } finally {
      await estate.close();
    }
  });

  test("never lets in a client without a credential, and reads nothing of its batch", async () => {
    const answer = await api.client().send("POST", submitPath, { body: "x".repeat(1_000_000) });
    expect(answer.status).toBe(401);
    expect(answer.text).toContain("WF:BC1");
  });
});
