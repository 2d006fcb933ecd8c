import { randomBytes, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromBufferPromise } from "yauzl";
import { ZipFile } from "yazl";
import { encodeCsrText } from "../../certificates/index.ts";
import { putDevice } from "../../devices/inventory.ts";
import { localOperator } from "../../registration/principal.ts";
import { readTextRecord } from "../../web/smki/archive/index.ts";
import { type ApiService, apiService } from "./testkit/api-service.ts";
import { joinEstate } from "./testkit/estates.ts";
import { type HttpsClient, refusalIn } from "./testkit/https-client.ts";
import { issueDevice, keysOfMeters, organisationCsr } from "./testkit/requests.ts";
import { smki, until } from "./testkit/smki.ts";
import { askResult, batchBody, postBatch, systemCredential } from "./testkit/web-services.ts";

const hasProc = existsSync("/proc/self/environ");
const files = "/api/v1/device-certificate-files";
const zip = { "content-type": "application/zip" };

let api: ApiService;
let manufacturer: HttpsClient;
beforeAll(async () => {
  api = await apiService();
  manufacturer = api.of("SMPM", "device");
}, 120_000);
afterAll(() => api.end());

async function zipOf(entries: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [name, content] of Object.entries(entries)) archive.addBuffer(Buffer.from(content), name);
  archive.end();
  return buffer(archive.outputStream);
}

async function entriesOf(octets: Buffer): Promise<Map<string, Buffer>> {
  const archive = await fromBufferPromise(octets);
  const entries = new Map<string, Buffer>();
  for await (const entry of archive.eachEntry())
    entries.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  return entries;
}

interface Sent {
  readonly batch: number;
  readonly requests: number;
  readonly portalUse: { readonly batched: { readonly csrs: number; readonly allowance: number } };
}

async function send(client: HttpsClient, body: Buffer, name = "line 1.zip"): Promise<Sent> {
  const answer = await client.send("POST", `${files}?name=${encodeURIComponent(name)}`, {
    headers: zip,
    body,
  });
  if (answer.status !== 202) throw new Error(answer.text);
  return answer.json() as Sent;
}

const completed = (client: HttpsClient, batch: number) =>
  until(async () => {
    const answer = await client.get(`${files}/${String(batch)}`);
    return (answer.json() as { status: string }).status === "completed" ? answer.json() : undefined;
  });
const get = (client: HttpsClient, batch: number, file: string) =>
  client.get(`${files}/${String(batch)}/${file}`);
const record = { separator: "tab", header: true } as const;

describe.skipIf(!hasProc)("Batch files of the portal, by the JSON API [needs /proc]", () => {
  test("a ZIP of CSRs comes in; certificates under their names and the text record go out", async () => {
    const [one, two] = keysOfMeters(700, 1);
    const issued = await issueDevice(manufacturer, 702);
    const body = await zipOf({
      "meter one.csr": encodeCsrText(one?.csr ?? Buffer.alloc(0)),
      "Zähler.csr": (two?.csr ?? Buffer.alloc(0)).toString("base64"),
      "known.csr": issued.csr.toString("base64"),
      "organisation.csr": organisationCsr("70b3d51f30010000").toString("base64"),
      "text.csr": "no CSR",
      "long.csr": randomBytes(4_097).toString("base64"),
    });
    const { batch, requests } = await send(manufacturer, body, "shift «2».zip");
    expect(requests).toBe(6);
    expect(await completed(manufacturer, batch)).toMatchObject({ batch, name: "shift «2».zip", requests: 6 });

    const result = await get(manufacturer, batch, "result.zip");
    expect(result.headers).toMatchObject({
      "content-type": "application/zip",
      "content-disposition": "attachment; filename*=UTF-8''shift%20%C2%AB2%C2%BB-response.zip",
    });
    const certificates = await entriesOf(result.octets);
    expect([...certificates.keys()]).toEqual(["meter one.crt", "Zähler.crt"]);
    const { publicKey } = new X509Certificate(certificates.get("Zähler.crt") ?? "");
    expect(publicKey.export({ format: "der", type: "spki" }).subarray(-65)).toEqual(two?.publicKey);

    const text = await get(manufacturer, batch, "record.txt");
    expect(text.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(readTextRecord(text.text, record)).toEqual([
      { csr: "1", fileName: "meter one.csr", status: "success" },
      { csr: "2", fileName: "Zähler.csr", status: "success" },
      { csr: "3", fileName: "known.csr", status: "error", errorCode: "CR:9999" },
      { csr: "4", fileName: "organisation.csr", status: "error", errorCode: "CR:CD3" },
      { csr: "5", fileName: "text.csr", status: "error", errorCode: "CR:CC3" },
      { csr: "6", fileName: "long.csr", status: "error", errorCode: "CR:CC4" },
    ]);

    // HEAD would count as a delivery.
    const head = await manufacturer.send("HEAD", `${files}/${String(batch)}/result.zip`);
    expect([head.status, head.headers["allow"]]).toEqual([405, "GET"]);

    const whole = await entriesOf((await get(manufacturer, batch, "response.zip")).octets);
    expect([...whole.keys()]).toEqual(["shift «2»-response.txt", "shift «2»-response.zip"]);
    expect(whole.get("shift «2»-response.txt")).toEqual(text.octets);
    expect(await entriesOf(whole.get("shift «2»-response.zip") ?? Buffer.alloc(0))).toEqual(certificates);
  });

  test("another Party's batch, one of another channel, and one that never was are not there", async () => {
    const { batch } = await send(
      manufacturer,
      await zipOf({ "a.csr": keysOfMeters(710, 1)[0]?.csr.toString("base64") ?? "" }),
    );
    await completed(manufacturer, batch);
    const csrs = [keysOfMeters(712, 1)[0]?.csr.toString("base64")];
    const json = await manufacturer.post("/api/v1/device-certificate-batches", { reference: "json", csrs });
    const ofJson = (json.json() as { batch: number }).batch;
    for (const [client, number] of [
      [api.of("SMPO", "organisation"), batch],
      [api.of("SMPS", "device"), batch],
      [manufacturer, 987_654],
      [manufacturer, ofJson],
    ] as const)
      for (const path of ["", "/result.zip", "/record.txt", "/response.zip"]) {
        const answer = await client.get(`${files}/${String(number)}${path}`);
        expect([answer.status, refusalIn(answer).code], path).toEqual([404, "BATCH_NOT_FOUND"]);
      }
  });

  test("a batch of the web service has such files too", async () => {
    const batched = api.client(await systemCredential(api.service.data, "SMPM", "line 9", "batched"));
    const csrs = keysOfMeters(715, 1).map(({ csr }, index) => ({
      clientId: ["m", "m.csr"][index] ?? "",
      request: csr,
    }));
    const { message } = await postBatch(batched, await batchBody("night", csrs));
    if (message.outcome.status !== "PENDING") throw new Error(message.outcome.error.code);
    const { batchId } = message.outcome;
    await until(async () =>
      (await askResult(batched, batchId)).head.status === "COMPLETED" ? true : undefined,
    );
    const entries = await entriesOf((await get(manufacturer, Number(batchId), "result.zip")).octets);
    expect([...entries.keys()]).toEqual(["m.crt", "m.csr.crt"]);
  });

  test("what is no such archive is refused whole, and leaves nothing", async () => {
    const csr = keysOfMeters(720, 1)[0]?.csr.toString("base64") ?? "";
    const post = (body: Buffer | string, headers: Readonly<Record<string, string>> = zip, query = "") =>
      manufacturer.send("POST", files + query, { headers, body });
    for (const [answer, expected] of [
      [await post("not a ZIP"), "400 BATCH_FILE_MALFORMED"],
      [await post(""), "400 BATCH_FILE_MALFORMED"],
      [await post(await zipOf({ "a.csr": csr, "b.txt": csr })), "400 BATCH_FILE_ENTRY_REFUSED"],
      [await post(await zipOf({ "f/a.csr": csr })), "400 BATCH_FILE_ENTRY_REFUSED"],
      [await post(await zipOf({ "a.csr": Buffer.alloc(8_193, 0x41) })), "413 BATCH_FILE_TOO_LARGE"],
      [await post("{}", { "content-type": "application/json" }), "415 MEDIA_TYPE_UNSUPPORTED"],
      [await post(await zipOf({ "a.csr": csr }), zip, "?name=..%2Fa.zip"), "400 REQUEST_INVALID"],
      [await post(await zipOf({ "a.csr": csr }), zip, "?name=a%0d%0ab.zip"), "400 REQUEST_INVALID"],
      [await post(Buffer.alloc(129 * 1024 * 1024)), "413 REQUEST_TOO_LARGE"],
    ] as const)
      expect(`${String(answer.status)} ${refusalIn(answer).code}`).toBe(expected);
    const hat = await api.of("SMPS", "organisation").send("POST", files, { headers: zip, body: "x" });
    expect([hat.status, refusalIn(hat).code]).toEqual([403, "NOT_PERMITTED"]);

    const estate = await joinEstate(api.service.data);
    const { rows } = await estate.database.read((tx) =>
      sql`select from request_batch where channel = 'portal-batch' and stage = 'uploading'`.execute(tx),
    );
    await estate.close();
    expect(rows).toEqual([]);
  });

  test("a Party sees what it sent in 24 hours against its allowance, and is refused nothing above it", async () => {
    const use = async (client: HttpsClient) => (await client.get("/api/v1/portal-allowances")).json();
    const supplier = api.of("SMPS", "device");
    expect(await use(supplier)).toEqual({
      batched: { csrs: 0, allowance: 50_000 },
      single: { csrs: 0, allowance: 150 },
    });
    const [meter] = keysOfMeters(730, 1);
    const estate = await joinEstate(api.service.data);
    const batchOf = (requests: number, channel: string, age: string) =>
      estate.database.transaction((tx) =>
        sql`insert into request_batch (channel, stage, certificate_kind, reference, party_id, requested_by, received_at, request_count)
          select ${channel}, 'released', 'device', 'earlier', id, 'test', now() - ${age}::interval, ${requests}
          from party where signifier = 'SMPS'`.execute(tx),
      );
    try {
      await batchOf(49_999, "portal-batch", "23 hours");
      await batchOf(40_000, "portal-batch", "25 hours");
      await batchOf(40_000, "batched", "1 hour");
      // Another Supplier's, in the field.
      const device = {
        deviceId: meter?.deviceId ?? "",
        deviceType: "GSME",
        smiStatus: "Commissioned",
        gasSupplier: "SMPO",
      };
      await estate.database.transaction((tx) =>
        putDevice(tx, localOperator("test"), device, estate.rules, new Date()),
      );
      for (let count = 0; count < 3; count += 1) await batchOf(1, "portal-single", "1 minute");
    } finally {
      await estate.close();
    }
    const body = await zipOf({
      "a.csr": keysOfMeters(730, 1)[0]?.csr.toString("base64") ?? "",
      "b.csr": "none",
    });
    const { batch, portalUse } = await send(supplier, body);
    expect(portalUse).toEqual({
      batched: { csrs: 50_001, allowance: 50_000 },
      single: { csrs: 3, allowance: 150 },
    });
    expect(await use(supplier)).toEqual(portalUse);
    const shown = await smki(["queue", "allowances", "--data", api.service.data]);
    expect(shown.stdout).toMatch(/50001 of 50000, above +3 of 150\n/);
    await completed(supplier, batch);
    const eligible = readTextRecord((await get(supplier, batch, "record.txt")).text, record);
    // SEC L3.16 is asked on every CSR of the portal.
    expect(eligible.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      ["ineligible", "IN:GG4"],
      ["error", "CR:CC2"],
    ]);
  });
});

test.skipIf(!hasProc)(
  "The schemas lie with the services, for everyone, and may be kept [needs /proc]",
  async () => {
    const nobody = api.client();
    for (const name of ["ad-hoc-device-csr-1.0.xsd", "batched-device-csr-1.0.xsd"]) {
      const answer = await nobody.get(`/1.0/schemas/${name}`);
      expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/xml;charset=UTF-8"]);
      expect(answer.text).toContain("<xs:schema");
      expect(answer.headers["cache-control"]).toBe("public, max-age=86400");
      const again = await nobody.get(`/1.0/schemas/${name}`, {
        "if-none-match": String(answer.headers["etag"]),
      });
      expect([again.status, again.text]).toEqual([304, ""]);
    }
    expect((await nobody.get("/1.0/schemas/other.xsd")).status).toBe(404);
  },
);
