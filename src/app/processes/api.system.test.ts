import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, X509Certificate } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiService, apiService, supplierEui } from "./testkit/api-service.ts";
import { type HttpsClient, type Refusal, refusalIn } from "./testkit/https-client.ts";
import {
  type BatchAnswer,
  type CertificateAnswer,
  fetchBatch,
  issueDevice,
  issueOrganisation,
  keysOfMeters,
  meterKeys,
  organisationCsr,
  submitBatch,
} from "./testkit/requests.ts";
import { temporaryFolder, until } from "./testkit/smki.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const hasProc = existsSync("/proc/self/environ");

let api: ApiService;
let manufacturer: HttpsClient;
let supplier: HttpsClient;
let other: HttpsClient;
let nobody: HttpsClient;

beforeAll(async () => {
  api = await apiService();
  manufacturer = api.of("SMPM", "device");
  supplier = api.of("SMPS", "organisation");
  other = api.of("SMPO", "device");
  nobody = api.client();
});
afterAll(() => api.end());

const device = (csr: Buffer | undefined) => ({ csr: csr?.toString("base64") });

describe.skipIf(!hasProc)("One CSR [needs /proc]", () => {
  test("gets its certificate at once, for the key that it holds", async () => {
    const [key] = meterKeys(1);
    const answer = await manufacturer.post("/api/v1/device-certificates", device(key?.csr));
    expect(answer.status).toBe(201);
    const { certificate, subjectIdentifier, status } = answer.json() as CertificateAnswer;
    expect([subjectIdentifier, status]).toEqual([key?.deviceId, "I"]);
    const { publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
    expect(
      createPublicKey(publicKey.export({ format: "pem", type: "spki" }))
        .export({ format: "der", type: "spki" })
        .subarray(-65),
    ).toEqual(key?.publicKey);
  });

  test("for a key that is certified already is refused, and names the certificate to fetch", async () => {
    const { serialNumber, csr, certificate } = await issueDevice(manufacturer, 2);
    const answer = await manufacturer.post("/api/v1/device-certificates", device(csr));
    expect(answer.status).toBe(409);
    expect(refusalIn(answer)).toMatchObject({ code: "KEY_ALREADY_CERTIFIED", details: { serialNumber } });
    const fetched = await manufacturer.get(`/api/v1/certificates/${serialNumber}`);
    expect((fetched.json() as CertificateAnswer).certificate).toBe(certificate.toString("base64"));
  });

  test("whose signature does not hold, or that is none, is refused with its code, and its key may be used again", async () => {
    const [key] = meterKeys(3);
    const csr = Buffer.from(key?.csr ?? []);
    csr.writeUInt8(csr.readUInt8(csr.length - 1) ^ 1, csr.length - 1);
    const answer = await manufacturer.post("/api/v1/device-certificates", device(csr));
    expect([answer.status, refusalIn(answer).code]).toEqual([400, "CSR_SIGNATURE_INVALID"]);
    const none = await manufacturer.post("/api/v1/device-certificates", { csr: "bm90IGEgQ1NS" });
    expect(none.status).toBe(400);
    expect(refusalIn(none).code).toMatch(/^(CSR|DER)_/);
    expect((await manufacturer.post("/api/v1/device-certificates", device(key?.csr))).status).toBe(201);
  });

  test("of an organisation for another's EUI-64 is refused", async () => {
    const answer = await supplier.post("/api/v1/organisation-certificates", {
      csr: organisationCsr("70b3d51f30040000").toString("base64"),
    });
    expect([answer.status, refusalIn(answer).code]).toEqual([403, "NOT_AN_ELIGIBLE_SUBSCRIBER"]);
  });
});

describe.skipIf(!hasProc)("A batch [needs /proc]", () => {
  test("is acknowledged, then answers for each CSR in its order; it is its own Party's only", async () => {
    const keys = keysOfMeters(100, 3);
    const [first] = keys;
    const csrs = [...keys.map(({ csr }) => csr), first?.csr ?? Buffer.alloc(0), Buffer.from("not a CSR")];
    const number = await submitBatch(manufacturer, csrs);
    const batch = await until(async () => {
      const answer = await fetchBatch(manufacturer, number);
      return answer.status === "completed" ? answer : undefined;
    });
    expect(batch.outcomes.slice(0, 6).map(({ status }) => status)).toEqual(Array(6).fill("issued"));
    expect(batch.outcomes[6]).toMatchObject({ status: "refused", code: "KEY_TWICE_IN_BATCH" });
    expect(batch.outcomes[7]?.status).toBe("refused");
    expect(batch.outcomes[7]?.code).toMatch(/^DER_|^CSR_/);

    const strangers = await other.get(`/api/v1/batches/${String(number)}`);
    const unknown = await other.get("/api/v1/batches/999999");
    expect([strangers.status, refusalIn(strangers).code]).toEqual([404, "BATCH_NOT_FOUND"]);
    // In the same words, so that nobody can count another's batches.
    const words = (answer: Refusal, batchNumber: number) => ({
      ...answer,
      request: "",
      details: {},
      message: answer.message.replace(String(batchNumber), "N"),
    });
    expect(words(refusalIn(strangers), number)).toEqual(words(refusalIn(unknown), 999_999));
  });

  test("with a CSR that is no Base64 is refused as a whole, naming the place", async () => {
    const [key] = meterKeys(120);
    const answer = await manufacturer.post("/api/v1/device-certificate-batches", {
      reference: "with a mistake",
      csrs: [key?.csr.toString("base64"), "%%%"],
    });
    expect(answer.status).toBe(400);
    expect(refusalIn(answer)).toMatchObject({ code: "CSR_TEXT_MALFORMED", details: { position: 1 } });
    expect((await manufacturer.post("/api/v1/device-certificates", device(key?.csr))).status).toBe(201);
  });

  test("of mutated CSRs gives each a coded outcome, and the workers go on", async () => {
    const csrs = Array.from({ length: 150 }, (_, number) => {
      const [key] = meterKeys(200 + number);
      const csr = Buffer.from(key?.csr ?? []);
      const place = (number * 7919) % csr.length;
      csr.writeUInt8((csr.readUInt8(place) + 1 + (number % 255)) & 0xff, place);
      return csr;
    });
    const number = await submitBatch(manufacturer, csrs);
    const batch: BatchAnswer = await until(async () => {
      const answer = await fetchBatch(manufacturer, number);
      return answer.status === "processing" ? undefined : answer;
    });
    expect(batch.status).toBe("completed");
    // One octet of a signed structure was altered in each: none may have a certificate.
    expect(new Set(batch.outcomes.map(({ status }) => status))).toEqual(new Set(["refused"]));
    expect(batch.outcomes.filter(({ code }) => code === undefined)).toEqual([]);
    await issueDevice(manufacturer, 999);
  });
});

test.skipIf(!hasProc)("The status and the newest checkpoint are told to everyone [needs /proc]", async () => {
  expect((await nobody.get("/api/v1/status")).json()).toMatchObject({
    environment: "test",
    edition: "response",
    issuingDca: { active: "issuing-dca/0001", released: 1, stock: 1, retired: 0 },
    queue: { open: expect.any(Number) as number, held: 0 },
  });
  const checkpoint = await nobody.get("/api/v1/ledger/checkpoint");
  expect(checkpoint.headers["content-type"]).toMatch(/^text\/plain/);
  expect(checkpoint.text).toMatch(/^opensmki\/test\/[0-9a-f]{8}\n\d+\n[A-Za-z0-9+/=]{44}\n\n— /);
});

describe.skipIf(!hasProc)("The repository [needs /proc]", () => {
  const search = async (query: string) => {
    const answer = await supplier.get(`/api/v1/certificates?${query}`);
    expect(answer.status, answer.text).toBe(200);
    return (answer.json() as { certificates: CertificateAnswer[] }).certificates;
  };

  test("finds a certificate by each parameter", async () => {
    const { serialNumber } = await issueDevice(manufacturer, 300);
    const [key] = meterKeys(300);
    const organisation = await issueOrganisation(supplier, supplierEui);
    const devices = await search(`device=${key?.deviceId ?? ""}`);
    expect(devices.map((found) => found.serialNumber)).toEqual([serialNumber]);
    expect(await search(`device=${key?.deviceId ?? ""}&usage=KA`)).toEqual([]);
    expect(await search(`device=${key?.deviceId ?? ""}&status=R`)).toEqual([]);
    for (const query of [
      `organisation=${supplierEui}`,
      "role=2",
      "usage=DS&role=2",
      `organisation=${supplierEui}&status=I`,
    ])
      expect(
        (await search(query)).map((found) => found.serialNumber),
        query,
      ).toContain(organisation.serialNumber);
    expect(await search(`organisation=${key?.deviceId ?? ""}`)).toEqual([]);
  });

  test("takes a serial number in either case, with colons or zeros before it", async () => {
    const { serialNumber } = await issueDevice(manufacturer, 301);
    const colons = serialNumber.match(/../g)?.join(":") ?? "";
    for (const spelling of [serialNumber, serialNumber.toUpperCase(), `00${serialNumber}`, colons]) {
      expect(
        (await search(`serialNumber=${spelling}`)).map((found) => found.serialNumber),
        spelling,
      ).toEqual([serialNumber]);
      expect((await supplier.get(`/api/v1/certificates/${spelling}`)).status, spelling).toBe(200);
    }
  });

  test("answers in DER when asked, octet for octet", async () => {
    const { serialNumber, certificate } = await issueDevice(manufacturer, 302);
    for (const accept of [
      "application/pkix-cert",
      "application/pkix-cert, application/json;q=0.5",
      "*/*;q=0.1, application/pkix-cert",
    ]) {
      const answer = await supplier.get(`/api/v1/certificates/${serialNumber}`, { accept });
      expect(answer.headers["content-type"], accept).toBe("application/pkix-cert");
      expect(answer.octets.equals(certificate), accept).toBe(true);
    }
    for (const accept of [
      "application/json",
      "*/*",
      "application/json, application/pkix-cert;q=0.5",
      "application/pkix-cert;q=0",
    ])
      expect(
        (await supplier.get(`/api/v1/certificates/${serialNumber}`, { accept })).headers["content-type"],
        accept,
      ).toMatch(/^application\/json/);
  });

  test.each([
    ["nothing", "", "SEARCH_EMPTY"],
    ["a word for a role", "role=supplier", "REQUEST_INVALID"],
    ["a role that there is not", "role=77", undefined],
    ["two roles", "role=2&role=3", "REQUEST_INVALID"],
    ["an unknown parameter", "role=2&staus=I", "REQUEST_INVALID"],
    ["an unknown status", "status=X", "REQUEST_INVALID"],
    ["half an EUI-64", "device=00db1234", "EUI64_INVALID"],
    ["SQL", "device=%27%3B%20drop%20table%20certificate%3B--", "EUI64_INVALID"],
    ["a serial number of 50 digits", `serialNumber=${"1".repeat(50)}`, "REQUEST_INVALID"],
  ])("refuses a search for %s", async (_, query, code) => {
    const answer = await supplier.get(`/api/v1/certificates?${query}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    if (code !== undefined) expect(refusalIn(answer).code).toBe(code);
    expect(answer.text).not.toMatch(/select|\.ts|node_modules/i);
  });
});

describe.skipIf(!hasProc)("A revocation [needs /proc]", () => {
  test.skipIf(!hasOpenssl)(
    "is on the CRL within seconds, as OpenSSL reads it; once only, and by its own Party only [needs openssl]",
    async () => {
      const { serialNumber } = await issueOrganisation(supplier, supplierEui);
      const strangers = await api.of("SMPO", "organisation").post("/api/v1/revocations", {
        serialNumber,
        reason: "keyCompromise",
      });
      expect([strangers.status, refusalIn(strangers).code]).toEqual([404, "CERTIFICATE_NOT_FOUND"]);
      const revoked = await supplier.post("/api/v1/revocations", { serialNumber, reason: "keyCompromise" });
      expect(revoked.status).toBe(201);
      const again = await supplier.post("/api/v1/revocations", { serialNumber, reason: "keyCompromise" });
      expect([again.status, refusalIn(again).code]).toEqual([409, "CERTIFICATE_REVOKED_ALREADY"]);
      const found = (await supplier.get(`/api/v1/certificates/${serialNumber}`)).json() as CertificateAnswer;
      expect(found).toMatchObject({ status: "R", revocationReason: "keyCompromise" });

      const file = join(temporaryFolder(), "list.crl");
      const text = await until(async () => {
        const list = await nobody.get("/api/v1/revocation-lists?authority=issuing-oca");
        expect(list.headers["content-type"]).toBe("application/pkix-crl");
        writeFileSync(file, list.octets);
        const read = execFileSync("openssl", ["crl", "-inform", "DER", "-in", file, "-noout", "-text"], {
          encoding: "utf8",
        });
        return read.toLowerCase().includes(serialNumber) ? read : undefined;
      }, 10_000);
      expect(text).toContain("Key Compromise");
    },
  );

  test("of a Device Certificate is refused, and says why", async () => {
    const { serialNumber } = await issueDevice(manufacturer, 400);
    const answer = await manufacturer.post("/api/v1/revocations", { serialNumber, reason: "keyCompromise" });
    expect([answer.status, refusalIn(answer).code]).toEqual([409, "DEVICE_CERTIFICATE_NOT_REVOCABLE"]);
    expect(refusalIn(answer).remedy).toContain("no revocation");
  });

  test("for a reason that the Code does not have is refused", async () => {
    const { serialNumber } = await issueOrganisation(supplier, supplierEui);
    const answer = await supplier.post("/api/v1/revocations", { serialNumber, reason: "certificateHold" });
    expect([answer.status, refusalIn(answer).code]).toEqual([400, "REQUEST_INVALID"]);
  });
});
