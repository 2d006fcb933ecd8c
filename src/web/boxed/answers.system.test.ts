import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeDeviceCertificate,
  makeOrganisationCertificate,
  type TestCertificate,
} from "../../authorities/authorities.testkit.ts";
import { eui64, normaliseSerialNumber } from "../../certificates/index.ts";
import { readXmlDocument, type XmlElement } from "../xml/index.ts";
import { mutatedDocument } from "../xml/xml.testdata.ts";
import { type BoxedTestbed, boxedTestbed, type RunningService, testNow } from "./boxed.testkit.ts";

// The values are those of the requests in xml.testdata.ts, so that some of their mutants find something.
const deviceId = eui64("00db123400000001");

let testbed: BoxedTestbed;
let boxed: RunningService;
let deviceKa: TestCertificate;
let supplierDs: TestCertificate;

beforeAll(async () => {
  testbed = await boxedTestbed();
  const { hierarchy } = testbed;
  deviceKa = makeDeviceCertificate(hierarchy, { deviceId, keyUsage: "keyAgreement", from: testNow });
  supplierDs = makeOrganisationCertificate(hierarchy, {
    entityIdentifier: eui64("90b3d51f30010000"),
    role: 135,
    keyUsage: "digitalSignature",
    from: testNow,
    serialNumber: normaliseSerialNumber(`01${"0".repeat(27)}abc`),
  });
  await testbed.lodge(deviceKa, supplierDs);
  boxed = await testbed.start();
});

afterAll(() => testbed.end());

interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
  readonly root: XmlElement;
}

const path = { search: "services/certificatesearch", data: "services/retrievecertificate" };

async function post(to: string, body: string | Uint8Array, contentType = "application/xml"): Promise<Answer> {
  const headers = contentType === "" ? {} : { "content-type": contentType };
  const octets = new Uint8Array(typeof body === "string" ? Buffer.from(body) : body);
  const response = await fetch(`${boxed.url}${to}`, { method: "POST", headers, body: octets });
  const text = await response.text();
  const root = readXmlDocument(Buffer.from(text));
  return { status: response.status, contentType: response.headers.get("content-type"), text, root };
}

const valueOf = (element: XmlElement | undefined, name: string) =>
  element?.children.find((child) => child.name === name)?.text;
const search = (element: string, value: string) =>
  post(path.search, `<CertificateSearchRequest><${element}>${value}</${element}></CertificateSearchRequest>`);
const retrieve = (serial: string) =>
  post(
    path.data,
    `<CertificateDataRequest><CertificateSerial>${serial}</CertificateSerial></CertificateDataRequest>`,
  );
const namesAndValues = (element: XmlElement | undefined) =>
  element?.children.map(({ name, text }) => [name, text]);

describe("a search is answered", () => {
  test.each([
    "00-db-12-34-00-00-00-01",
    "00-DB-12-34-00-00-00-01",
    "00db123400000001",
    " 00DB123400000001\n",
  ])("for a device written %j, with its facts and no role", async (value) => {
    const { status, contentType, root } = await search("CertificateSubjectAltName", value);
    expect([status, contentType, root.name]).toEqual([
      200,
      "application/xml; charset=utf-8",
      "CertificateSearchResponse",
    ]);
    expect(valueOf(root, "ResponseCode")).toBe("200");
    expect(valueOf(root, "ResponseMessage")).toBe("Success");
    const results = root.children.filter(({ name }) => name === "Result");
    expect(results).toHaveLength(1);
    expect(namesAndValues(results[0])).toEqual([
      ["CertificateSerial", deviceKa.fields.serialNumber.toUpperCase()],
      ["CertificateSubjectAltName", "00-DB-12-34-00-00-00-01"],
      ["CertificateStatus", "I"],
      ["CertificateUsage", "KA"],
      ["ManufacturingFlag", "false"],
    ]);
  });

  test("for an organisation, with its role as a decimal number", async () => {
    const { root } = await search("CertificateSubjectName", "90b3d51f30010000");
    expect(namesAndValues(root.children.find(({ name }) => name === "Result"))).toEqual([
      ["CertificateSerial", `01${"0".repeat(27)}ABC`],
      ["CertificateSubjectName", "90-B3-D5-1F-30-01-00-00"],
      ["CertificateStatus", "I"],
      ["CertificateRole", "135"],
      ["CertificateUsage", "DS"],
      ["ManufacturingFlag", "false"],
    ]);
  });

  test("with 402 where the identifier is of the other kind", async () => {
    const asOrganisation = await search("CertificateSubjectName", deviceId);
    const asDevice = await search("CertificateSubjectAltName", "90b3d51f30010000");
    for (const { status, root } of [asOrganisation, asDevice]) {
      expect([status, valueOf(root, "ResponseCode")]).toEqual([402, "402"]);
      expect(valueOf(root, "ResponseMessage")).toMatch(/^BOXED_CERTIFICATE_NOT_FOUND: /);
      expect(root.children.some(({ name }) => name === "Result")).toBe(false);
    }
  });
});

describe("a certificate is retrieved", () => {
  test.each([`1${"0".repeat(27)}abc`, `01${"0".repeat(27)}ABC`, `0001${"0".repeat(27)}aBc`])(
    "by its serial number written %s",
    async (serial) => {
      const { status, root } = await retrieve(serial);
      expect([status, root.name]).toEqual([200, "CertificateDataResponse"]);
      const response = root.children.find(({ name }) => name === "CertificateResponse");
      expect(namesAndValues(response)).toEqual([
        ["CertificateSubjectName", "90-B3-D5-1F-30-01-00-00"],
        ["CertificateSerial", `01${"0".repeat(27)}ABC`],
        ["CertificateStatus", "I"],
        ["CertificateBody", supplierDs.certificate.toString("base64")],
        ["CertificateRole", "135"],
        ["CertificateUsage", "DS"],
        ["ManufacturingFlag", "false"],
      ]);
    },
  );
});

test("each answer has an audit reference of its own, under which the log has the request", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? retrieve("abc") : retrieve("not hexadecimal"),
    ),
  );
  const references = answers.map(({ root }) => valueOf(root, "AuditReference"));
  expect(new Set(references).size).toBe(20);
  for (const reference of references) expect(reference).toMatch(/^\d{10}-[0-9a-f]{16}$/);
  for (const reference of references)
    await expect.poll(boxed.logText).toContain(`"auditReference":"${String(reference)}"`);
});

describe("a request that is none is refused in XML, with a code and a clean status:", () => {
  const request = `<CertificateDataRequest><CertificateSerial>abc</CertificateSerial></CertificateDataRequest>`;
  const root = "CertificateDataResponse";
  test.each([
    ["no body", "", "application/xml", 400, "XML_INVALID"],
    ["malformed XML", "<CertificateDataRequest>", "application/xml", 400, "XML_INVALID"],
    ["a document type", `<!DOCTYPE a>${request}`, "application/xml", 400, "XML_INVALID"],
    ["JSON", `{"CertificateSerial":"abc"}`, "application/json", 415, "BOXED_MEDIA_TYPE"],
    ["plain text", request, "text/plain", 415, "BOXED_MEDIA_TYPE"],
    ["no content type", request, "", 415, "BOXED_MEDIA_TYPE"],
    ["a content type that is none", request, "xml", 415, "BOXED_MEDIA_TYPE"],
    ["another charset", request, "application/xml; charset=utf-16", 415, "BOXED_MEDIA_TYPE"],
    [
      "a serial number too long",
      request.replace("abc", "a".repeat(33)),
      "application/xml",
      401,
      "SERIAL_NUMBER_INVALID",
    ],
    [
      "a serial number with markup",
      request.replace("abc", "&lt;b&gt;"),
      "application/xml",
      401,
      "SERIAL_NUMBER_INVALID",
    ],
    ["over 64 KiB", `${" ".repeat(64 * 1024)}${request}`, "application/xml", 413, "REQUEST_TOO_LARGE"],
  ] as const)("%s", async (_, body, contentType, status, code) => {
    const answer = await post(path.data, body, contentType);
    expect([answer.status, answer.root.name]).toEqual([status, root]);
    expect(valueOf(answer.root, "ResponseCode")).toBe(String(status));
    expect(valueOf(answer.root, "ResponseMessage")?.split(":")[0]).toBe(code);
    expect(answer.text).not.toContain("<b>");
  });

  test.each(["application/xml;charset=UTF-8", `Application/XML; charset="utf-8"`])(
    "but %s is as good as application/xml",
    async (contentType) => {
      expect((await post(path.data, request, contentType)).status).toBe(402);
    },
  );

  test.each([
    ["GET", "services/certificatesearch", 404],
    ["GET", "", 404],
    ["POST", "assets/crypto/org-crypto.zip", 404],
    ["GET", "assets/crypto/../../etc/passwd", 404],
    ["GET", "%c0%af", 400],
  ])("%s %s", async (method, to, status) => {
    const response = await fetch(`${boxed.url}${to}`, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/xml; charset=utf-8");
    expect(readXmlDocument(Buffer.from(await response.text())).name).toMatch(/Response$/);
  });
});

test("a mutated request is answered with one of the statuses of the interface, and never with a failure", async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(path.search, path.data), mutatedDocument, async (to, body) => {
      const { status, root } = await post(to, body);
      expect([200, 400, 401, 402, 413]).toContain(status);
      expect(valueOf(root, "ResponseCode")).toBe(String(status));
      seen.add(status);
    }),
    { numRuns: 500 },
  );
  expect([...seen].toSorted()).toEqual([200, 400, 401, 402]);
});

test("a failure of the service's own is told without its insides, and is in the log with them", async () => {
  const broken = await testbed.start({
    bundle: () => Promise.reject(new Error("the folder /secret/place is not there")),
  });
  const response = await fetch(`${broken.url}assets/crypto/org-crypto.zip`);
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("INTERNAL: ");
  expect(text).not.toContain("secret");
  expect(broken.logText()).toContain("the folder /secret/place is not there");
});

test("a request that its client gave up is in the log too, as that", async () => {
  const begun = Promise.withResolvers<undefined>();
  const slow = await testbed.start({
    bundle: async () => {
      begun.resolve(undefined);
      return await new Promise(() => undefined);
    },
  });
  const client = new AbortController();
  const request = fetch(`${slow.url}assets/crypto/org-crypto.zip`, { signal: client.signal });
  await begun.promise;
  client.abort();
  await expect(request).rejects.toThrow("aborted");
  expect(await slow.takeRequests(1)).toMatchObject([{ search: "bundle", aborted: true }]);
});

test("the api key is asked for once, in full, and by the services only", async () => {
  const guarded = await testbed.start({ apiKey: "k-1" });
  const status = async (query: string) => {
    const response = await fetch(`${guarded.url}services/certificatesearch${query}`, {
      method: "POST",
      headers: { "content-type": "application/xml" },
      body: `<CertificateSearchRequest><CertificateSubjectAltName>${deviceId}</CertificateSubjectAltName></CertificateSearchRequest>`,
    });
    return response.status;
  };
  expect(await status("?apikey=k-1")).toBe(200);
  for (const query of ["", "?apikey=", "?apikey=k-", "?apikey=k-12", "?apikey=K-1", "?apikey=k-1&apikey=k-1"])
    expect(await status(query), query).toBe(401);
  expect((await fetch(`${guarded.url}assets/crypto/org-crypto.zip`)).status).toBe(404);
  expect(guarded.logText()).not.toContain("k-1");
});
