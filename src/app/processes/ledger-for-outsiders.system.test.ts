import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePem } from "../../certificates/index.ts";
import { filesIn, hasPython, secondOpinion } from "../../ledger/copy/copy.testkit.ts";
import { serverAuthorityFile } from "./server-certificate.ts";
import { type ApiService, apiService } from "./testkit/api-service.ts";
import { issueDevice } from "./testkit/requests.ts";
import { smki, temporaryFolder } from "./testkit/smki.ts";

let api: ApiService;
let issued: Awaited<ReturnType<typeof issueDevice>>;
let keyFile: string;
let verifierKey: string;
const inTemporary = (name: string) => join(temporaryFolder(), name);
beforeAll(async () => {
  api = await apiService();
  issued = await issueDevice(api.of("SMPM", "device"), 1);
  keyFile = join(api.service.data, "ledger-verifier-key.txt");
  verifierKey = readFileSync(keyFile, "utf8").trim();
});
afterAll(() => api.end());

describe("A receipt", () => {
  test("of a certificate issued a moment ago is made at once, by serial number or file, and anyone checks it off line", async () => {
    const file = inTemporary("meter.receipt");
    const { data } = api.service;
    const made = await smki(["receipt", issued.serialNumber, "--data", data, "--out", file]);
    expect([made.status, made.stderr]).toEqual([0, ""]);
    const checked = await smki(["receipt", "check", file, "--key", keyFile]);
    expect(checked.stdout.split("\n")[0]).toBe("The receipt holds.");
    expect(checked.stdout).toContain(`certificate ${issued.serialNumber}, with this SHA-256, was issued at`);
    expect(checked.status).toBe(0);
    if (hasPython) {
      const second = secondOpinion("receipt", file, verifierKey);
      expect(second).toMatchObject({
        holds: true,
        said: expect.stringContaining(issued.serialNumber) as string,
      });
    }

    const pem = inTemporary("meter.pem");
    writeFileSync(pem, encodePem(issued.certificate));
    const again = await smki(["receipt", pem, "--data", data]);
    expect(again.stdout).toContain("c2sp.org/tlog-proof@v1\n");
    expect(again.status).toBe(0);
  });

  test("is served to who holds a credential", async () => {
    const { status, text } = await api
      .of("SMPS", "organisation")
      .get(`/ledger/receipt/${issued.serialNumber}`);
    expect(status).toBe(200);
    const file = inTemporary("served.receipt");
    writeFileSync(file, text);
    expect((await smki(["receipt", "check", file, "--key", keyFile, "--json"])).status).toBe(0);
  });

  test("of what was never issued is refused by its name", async () => {
    const unknown = await smki(["receipt", "10ff", "--data", api.service.data]);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining("CERTIFICATE_NOT_FOUND")]);
    const forged = inTemporary("forged.pem");
    const der = Buffer.from(issued.certificate);
    der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
    writeFileSync(forged, encodePem(der));
    const other = await smki(["receipt", forged, "--data", api.service.data]);
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("another has this number")]);
  });
});

describe("A copy of the ledger", () => {
  const folder = inTemporary("copy");
  const copy = (...more: readonly string[]) => {
    const ca = serverAuthorityFile(join(api.service.data, "tls"));
    return smki([
      "ledger",
      "copy",
      folder,
      "--from",
      `${api.service.answer.url}/ledger`,
      "--ca",
      ca,
      ...more,
    ]);
  };
  const verify = (...more: readonly string[]) =>
    smki(["ledger", "verify", "--copy", folder, "--key", keyFile, ...more], {
      env: { SMKI_DATA_FOLDER: "/nowhere" },
    });

  test("is fetched by anyone over TLS, verified with nothing but the key, and brought up to date", async () => {
    const first = await copy();
    expect([first.status, first.stdout]).toEqual([0, expect.stringContaining("a new copy")]);
    expect(first.stderr).toContain("the verifier key was believed as the ledger served it");
    expect(readFileSync(join(folder, "verifier-key"), "utf8").trim()).toBe(verifierKey);
    await issueDevice(api.of("SMPM", "device"), 2);
    const kept = inTemporary("kept.txt");
    writeFileSync(kept, readFileSync(join(folder, "checkpoint")));
    const second = await copy("--key", keyFile, "--json");
    expect(second.status).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ keyFrom: "given" });
    const verified = await verify("--against", kept);
    expect([verified.status, verified.stdout]).toEqual([0, expect.stringMatching(/^The ledger holds\.\n/)]);
    if (hasPython) expect(secondOpinion("copy", folder, verifierKey, [kept]).holds).toBe(true);
    const own = await smki(["ledger", "verify", "--copy", folder]);
    expect(own.stderr).toContain("checked with the key in the copy itself");
  });

  test("is the same from the estate itself", async () => {
    const exported = inTemporary("exported");
    const { status } = await smki(["ledger", "copy", exported, "--data", api.service.data]);
    expect(status).toBe(0);
    expect((await copy()).status).toBe(0);
    const immutable = filesIn(folder).filter((name) => /tile\/(0|entries)\/\d{3}$/.test(name));
    for (const name of immutable)
      expect(readFileSync(join(exported, name))).toEqual(readFileSync(join(folder, name)));
  });

  test("shows that a receipt's checkpoint is of this history", async () => {
    const file = inTemporary("meter.receipt");
    await smki(["receipt", issued.serialNumber, "--data", api.service.data, "--out", file]);
    await copy();
    const checked = await smki(["receipt", "check", file, "--key", keyFile, "--copy", folder]);
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining("has the same root")]);
  });

  test("that was altered does not verify, and the place is named", async () => {
    const entries = filesIn(folder).find((name) => name.startsWith("tile/entries/")) ?? "";
    const octets = readFileSync(join(folder, entries));
    octets.writeUInt8(octets.readUInt8(30) ^ 1, 30);
    writeFileSync(join(folder, entries), octets);
    const { status, stdout } = await verify();
    expect([status, stdout]).toEqual([1, expect.stringContaining("leaf-altered at leaf 0")]);
  });

  test("is refused under another server's CA, by the address that was asked", async () => {
    const ca = inTemporary("ca.pem");
    writeFileSync(ca, encodePem(issued.certificate));
    const from = `${api.service.answer.url}/ledger`;
    const { status, stderr } = await smki([
      "ledger",
      "copy",
      inTemporary("none"),
      "--from",
      from,
      "--ca",
      ca,
    ]);
    expect([status, stderr]).toEqual([1, expect.stringContaining("LEDGER_SOURCE_UNREACHABLE")]);
    expect(stderr).toContain(`${from}/`);
  });
});

test("Acts are listed for people and programs", async () => {
  const { status, stdout } = await smki([
    "ledger",
    "show",
    "--limit",
    "3",
    "--json",
    "--data",
    api.service.data,
  ]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([{ leaf: 0 }, { leaf: 1 }, { leaf: 2 }]);
  const later = await smki(["ledger", "show", "--from", "1", "--limit", "1", "--data", api.service.data]);
  expect(later.stdout).toMatch(/^1 {2}\d{4}-\d\d-\d\dT/);
});
