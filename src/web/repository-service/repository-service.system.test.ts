import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BoxedKeyStore, KeyUsage } from "@smartdcc/dccboxed-keystore";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  lodgeTestCertificates,
  makeDeviceCertificate,
  makeOrganisationCertificate,
  type TestCertificate,
} from "../../authorities/authorities.testkit.ts";
import { eui64 } from "../../certificates/index.ts";
import { unlockUser } from "../../repository/access/access.ts";
import { lodgeDocument } from "../../repository/documents/documents.ts";
import { responseLevels } from "../../repository/response-times.ts";
import type { XmlElement } from "../xml/index.ts";
import { operator, rules, type ServiceTestbed, serviceTestbed } from "./repository-service.testkit.ts";

const device = "00-db-12-34-00-00-00-01";
let testbed: ServiceTestbed;
let deviceDs: TestCertificate;
let user: { readonly id: number; readonly apiKey: string };
beforeAll(async () => {
  testbed = await serviceTestbed();
  const { database, hierarchy, now } = testbed;
  deviceDs = makeDeviceCertificate(hierarchy, {
    deviceId: eui64(device),
    keyUsage: "digitalSignature",
    from: now(),
  });
  const organisation = makeOrganisationCertificate(hierarchy, {
    entityIdentifier: eui64("90b3d51f30010000"),
    role: 2,
    keyUsage: "keyAgreement",
    from: now(),
  });
  await database.transaction((tx) => lodgeTestCertificates(tx, [deviceDs, organisation], now()));
});
beforeEach(async () => {
  testbed.at(0);
  user = await testbed.user();
});
afterAll(() => testbed.end());

const searchFor = (value: string, element = "CertificateSubjectAltName") =>
  `<CertificateSearchRequest><${element}>${value}</${element}></CertificateSearchRequest>`;
const find = (element: XmlElement, name: string): string | undefined =>
  element.name === name
    ? element.text
    : element.children.map((child) => find(child, name)).find((text) => text !== undefined);
const wrong = (id: number) => `smki-${String(id)}-${randomBytes(32).toString("base64url")}`;
const search = (query: string, headers = {}, body = searchFor(device)) =>
  testbed.post(`certificatesearch${query}`, body, headers);
const codeIn = ({ root }: { readonly root: XmlElement }) =>
  /^(\w+): /.exec(find(root, "ResponseMessage") ?? "")?.[1] ?? find(root, "ResponseMessage");

describe("The DCC's own client, unmodified", () => {
  test("finds a certificate with its API key in a header, whatever it sends in the query", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dcc-client-"));
    try {
      const [backing, cache] = [join(folder, "backing.json"), join(folder, "cache.json")];
      await writeFile(backing, "{}");
      const headers = { "x-api-key": user.apiKey };
      const client = await BoxedKeyStore.new(testbed.url, cache, backing, headers);
      const found = await client.query({
        eui: device,
        keyUsage: KeyUsage.digitalSignature,
        lookup: "certificate",
      });
      expect(found?.map(({ certificate }) => certificate.raw)).toEqual([deviceDs.certificate]);
      expect(
        await client.query({ eui: device, keyUsage: KeyUsage.keyAgreement, lookup: "certificate" }),
      ).toBeNull();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("A user of the repository", () => {
  test("is let in by the key in the query, in x-api-key or as a bearer", async () => {
    for (const [query, headers] of [
      [`?apikey=${user.apiKey}`, {}],
      ["", { "x-api-key": user.apiKey }],
      ["", { authorization: `Bearer ${user.apiKey}` }],
      ["?apikey=u3bg9gt38htd0j2", { "x-api-key": user.apiKey }],
    ] as const) {
      const answer = await search(query, headers);
      expect([answer.status, find(answer.root, "CertificateUsage")]).toEqual([200, "DS"]);
    }
  });

  test("is refused with any other, in the form of the operation", async () => {
    const other = await testbed.user();
    for (const [query, headers] of [
      ["", {}],
      ["?apikey=", {}],
      ["?apikey=u3bg9gt38htd0j2", {}],
      [`?apikey=${user.apiKey}&apikey=${user.apiKey}`, {}],
      [`?APIKEY=${user.apiKey}`, {}],
      [`?apikey=${user.apiKey}`, { "x-api-key": "" }],
      ["", { authorization: `Basic ${user.apiKey}` }],
      ["", { authorization: user.apiKey }],
      ["", { "x-api-key": wrong(other.id) }],
      ["", { "x-api-key": wrong(999_999_999) }],
      ["", { "x-api-key": "smki-1-' or 1=1 --" }],
      ["", { "x-api-key": "x".repeat(8_000) }],
    ] as const) {
      const answer = await search(query, headers);
      expect([answer.status, answer.root.name, codeIn(answer)], query).toEqual([
        401,
        "CertificateSearchResponse",
        "REPOSITORY_CREDENTIAL_WRONG",
      ]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(find(answer.root, "Result")).toBeUndefined();
    }
  });

  test("is refused before any of what it sends is read", async () => {
    const answer = await search("", {}, "<not xml");
    expect(codeIn(answer)).toBe("REPOSITORY_CREDENTIAL_WRONG");
  });

  test("is locked out by the fifth wrong key, told until when, and let in after that or once unlocked", async () => {
    const bystander = await testbed.user();
    for (let minute = 0; minute < 5; minute += 1) {
      testbed.at(minute);
      const expected = minute < 4 ? [401, "REPOSITORY_CREDENTIAL_WRONG"] : [403, "REPOSITORY_USER_LOCKED"];
      const answer = await search("", { "x-api-key": wrong(user.id) });
      expect([answer.status, codeIn(answer)]).toEqual(expected);
    }
    testbed.at(30);
    const locked = await search("", { "x-api-key": user.apiKey });
    expect([locked.status, locked.headers.get("retry-after")]).toEqual([403, String(30 * 60)]);
    expect(locked.text).toContain("2026-06-01T13:00:00.000Z");
    expect((await search("", { "x-api-key": bystander.apiKey })).status).toBe(200);
    await testbed.database.transaction((tx) => unlockUser(tx, operator, user.id, testbed.now()));
    testbed.at(31);
    expect((await search("", { "x-api-key": user.apiKey })).status).toBe(200);
  });

  test("is known in the log by its number, and its key stands nowhere in it", async () => {
    const { apiKey } = user;
    const secret = apiKey.slice(-43);
    const encoded = `%61pikey=${apiKey.replace("smki", "%73mki")}`;
    await search(`?apikey=${apiKey}`);
    await search(`?${encoded}`);
    await search("", { authorization: `Bearer ${apiKey}` });
    for (const path of ["nowhere", "certificatesearch/%zz", "certificatesearch/.."])
      await fetch(`${testbed.url}services/${path}?apikey=${apiKey}`, { method: "POST" });
    await fetch(`${testbed.url}?apikey=${apiKey}`);
    await search(`?apikey=${apiKey}`, {}, "<x/>");
    await search(`?apikey=${apiKey}`, { "content-type": "text/plain" });
    await search(`?apikey=${apiKey}`, {}, "<a>".repeat(40_000));
    // A line is written when its answer has been sent, which the client may see first; this is the last one's.
    await expect.poll(testbed.logText).toMatch(/REQUEST_TOO_LARGE.*repository request/);
    expect(testbed.logText()).toContain(`"user":${String(user.id)}`);
    expect(testbed.logText()).toContain("incoming request");
    expect(testbed.logText()).not.toContain(secret);
    const { rows } = await testbed.database.read((tx) =>
      sql<{ entry: Buffer }>`select entry from ledger_inbox`.execute(tx),
    );
    expect(rows.map(({ entry }) => entry.toString()).join("\n")).not.toContain(secret);
  });
});

describe("The web service answers", () => {
  const as = (body: string, path = "certificatesearch", headers = {}) =>
    testbed.post(path, body, { "x-api-key": user.apiKey, ...headers });
  test.each([
    [
      "402 for none",
      "certificatesearch",
      searchFor("00-db-12-34-00-00-00-99"),
      402,
      "REPOSITORY_CERTIFICATE_NOT_FOUND",
    ],
    ["401 for what is no parameter", "certificatesearch", searchFor("zz"), 401, "EUI64_INVALID"],
    [
      "401 for another element",
      "certificatesearch",
      searchFor("1", "Other"),
      401,
      "REPOSITORY_PARAMETERS_INVALID",
    ],
    ["400 for what is no XML", "certificatesearch", "<a", 400, "XML_INVALID"],
    ["400 for entities", "certificatesearch", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400, "XML_INVALID"],
    ["413 for too much", "certificatesearch", " ".repeat(70_000), 413, "REQUEST_TOO_LARGE"],
    [
      "402 for a serial number that is none's",
      "retrievecertificate",
      "<CertificateDataRequest><CertificateSerial>11</CertificateSerial></CertificateDataRequest>",
      402,
      "REPOSITORY_CERTIFICATE_NOT_FOUND",
    ],
    [
      "402 for no such document",
      "retrievedocument",
      "<DocumentDataRequest><DocumentName>none</DocumentName></DocumentDataRequest>",
      402,
      "DOCUMENT_NOT_FOUND",
    ],
    ["401 for no name", "retrievedocument", "<DocumentDataRequest/>", 401, "REPOSITORY_PARAMETERS_INVALID"],
    [
      "401 for a name twice",
      "retrievedocument",
      "<DocumentDataRequest><DocumentName>a</DocumentName><DocumentName>a</DocumentName></DocumentDataRequest>",
      401,
      "REPOSITORY_PARAMETERS_INVALID",
    ],
    [
      "402 for a CA that is none",
      "retrieverevocationlist",
      "<RevocationListRequest><AuthorityIdentifier>../x</AuthorityIdentifier></RevocationListRequest>",
      402,
      "AUTHORITY_NOT_FOUND",
    ],
    [
      "402 for a CA without a list",
      "retrieverevocationlist",
      "<RevocationListRequest><AuthorityIdentifier>issuing-oca</AuthorityIdentifier></RevocationListRequest>",
      402,
      "LIST_NOT_FOUND",
    ],
  ])("%s", async (_, path, body, status, code) => {
    const answer = await as(body, path);
    expect([answer.status, find(answer.root, "ResponseCode"), codeIn(answer)]).toEqual([
      status,
      String(status),
      code,
    ]);
    expect(answer.text).not.toContain("BOXED");
    expect(answer.headers.get("content-type")).toBe("application/xml; charset=utf-8");
  });

  test("415 for another media type", async () => {
    expect((await as("{}", "certificatesearch", { "content-type": "application/json" })).status).toBe(415);
  });

  test("with a document, any version of it, as it was lodged", async () => {
    const octets = Buffer.concat([Buffer.from("%PDF-"), randomBytes(3_000_001)]);
    const { database, now } = testbed;
    for (const version of ["1.0", "2.0"]) {
      const lodging = { document: "smki-rapp", version, mediaType: "application/pdf", for: "dcc" } as const;
      const source = async function* () {
        yield version === "2.0" ? octets : octets.subarray(0, 10);
      };
      await lodgeDocument(database, operator, lodging, source, { rules, at: now() });
    }
    const listed = await as("<DocumentSearchRequest/>", "documentsearch");
    const versions = listed.root.children.filter(({ name }) => name === "Result");
    expect(versions.map((one) => [find(one, "DocumentTitle"), find(one, "DocumentVersion")])).toEqual([
      ["SMKI RAPP", "2.0"],
      ["SMKI RAPP", "1.0"],
    ]);
    const get = (number: string) =>
      as(
        `<DocumentDataRequest><DocumentName>smki-rapp</DocumentName>${number}</DocumentDataRequest>`,
        "retrievedocument",
      );
    const newest = await get("");
    expect(find(newest.root, "DocumentVersion")).toBe("2.0");
    expect(Buffer.from(find(newest.root, "DocumentBody") ?? "", "base64").equals(octets)).toBe(true);
    const first = await get("<DocumentVersion>1.0</DocumentVersion>");
    expect(Buffer.from(find(first.root, "DocumentBody") ?? "", "base64")).toEqual(octets.subarray(0, 10));
  });
});

test("what was asked and how soon it was answered is stored, at a stop too", async () => {
  const before = await testbed.user();
  await search("", { "x-api-key": before.apiKey });
  await search("", { "x-api-key": before.apiKey }, searchFor("00-db-12-34-00-00-00-99"));
  testbed.times.note("web-service", 3_001, false);
  testbed.times.note("web-service", 5, true);
  await testbed.stop();
  const { rows } = await testbed.database.read((tx) =>
    sql<{ requests: number }>`select requests from repository_usage where user_id = ${before.id}`.execute(tx),
  );
  expect(rows).toEqual([{ requests: 2 }]);
  const [level, ...others] = await testbed.database.read((tx) => responseLevels(tx, testbed.now()));
  expect(others).toEqual([]);
  expect(level).toMatchObject({ interface: "web-service", failed: 1 });
  const { requests = 0, withinTarget = 0, slowest = 0 } = level ?? {};
  expect(Math.round((requests * (100 - withinTarget)) / 100)).toBe(2);
  expect(slowest).toBeGreaterThanOrEqual(3_001);
});
