import { hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  credentialOf,
  enrolParties,
  foundedEstate,
  type UpService,
  up,
} from "../processes/testkit/estates.ts";
import { clientOf, type HttpsClient } from "../processes/testkit/https-client.ts";
import { cleanUp, smki, temporaryFolder } from "../processes/testkit/smki.ts";

let service: UpService;
let officer: HttpsClient;
let anyone: HttpsClient;
beforeAll(async () => {
  service = await up(await foundedEstate());
  await enrolParties(service);
  officer = clientOf(service, credentialOf(service.data, "SMPM", "device"));
  anyone = clientOf(service);
});
afterAll(async () => {
  officer.close();
  anyone.close();
  service.interrupt();
  await service.ended;
  await cleanUp();
});

const repository = (...words: string[]) => smki(["repository", ...words, "--data", service.data]);
async function answerOf<Answer>(...words: string[]): Promise<Answer> {
  const { status, stdout, stderr } = await repository(...words, "--json");
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

test("What the operator lodges, a Party fetches and the operator gets back, octet by octet", async () => {
  const folder = temporaryFolder();
  const [file, back] = [join(folder, "rapp.pdf"), join(folder, "back.pdf")];
  const octets = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(1_000_000, 7)]);
  writeFileSync(file, octets);
  const lodge = ["document", "lodge", "smki-rapp", "1.0", file];
  expect(await answerOf(...lodge)).toMatchObject({ title: "SMKI RAPP", sha256: hash("sha256", octets) });
  const again = await repository(...lodge);
  expect([again.status, again.stderr]).toEqual([1, expect.stringContaining("DOCUMENT_VERSION_EXISTS")]);
  expect((await repository("document", "list")).stdout).toContain("smki-rapp  1.0");
  const fetched = await officer.get("/api/v1/documents/smki-rapp/versions/1.0");
  expect(fetched.octets.equals(octets)).toBe(true);
  await answerOf("document", "get", "smki-rapp", "1.0", back);
  expect(readFileSync(back).equals(octets)).toBe(true);
  const none = await repository("document", "get", "smki-rapp", "2.0", `${back}2`);
  expect([none.status, existsSync(`${back}2`)]).toEqual([1, false]);
  // For the PMA, whose officer the Service Desk has checked.
  const forPma = ["document", "lodge", "smki-rapp", "1.1", file, "--for", "pma"];
  expect((await repository(...forPma)).stderr).toContain("DOCUMENT_INVALID");
  expect(await answerOf(...forPma, "--reference", "SD 4711")).toMatchObject({ lodgedFor: "pma" });
  const missing = await repository("document", "lodge", "smki-rapp", "1.2", join(folder, "none.pdf"));
  expect(missing.stderr).toContain("FILE_UNREADABLE");
});

test("A user asks the running service with its key; usage and response times are shown, the key is logged nowhere", async () => {
  const { apiKey } = await answerOf<{ apiKey: string }>(
    "add",
    "search",
    "--party",
    "SMPM",
    "--forecast",
    "10",
  );
  const body =
    "<CertificateSearchRequest><CertificateSubjectName>90-B3-D5-1F-30-01-00-99</CertificateSubjectName></CertificateSearchRequest>";
  const headers = { "content-type": "application/xml" };
  const ask = () => anyone.send("POST", `/services/certificatesearch?apikey=${apiKey}`, { headers, body });
  expect((await ask()).status).toBe(402);
  expect((await anyone.get("/crl/root-oca.crl")).headers["content-type"]).toBe("application/pkix-crl");
  const usage = async () => (await officer.get("/api/v1/repository-usage")).json();
  const expected = {
    users: [
      {
        user: 1,
        name: "search",
        webService: 1,
        fileTransfer: 0,
        forecast: 10,
        allowance: 12,
        isAbove: false,
      },
    ],
  };
  await expect.poll(usage, { timeout: 20_000, interval: 500 }).toEqual(expected);
  const shown = async () => (await repository("users")).stdout;
  await expect
    .poll(shown, { timeout: 20_000, interval: 500 })
    .toMatch(/web-service: 1 answers in 24 hours, 100.00 % within 3 seconds \(L8.4\)/);
  expect(await shown()).toMatch(/lists: \d+ answers/);
  expect(await shown()).toMatch(/^1 +search +SMPM +1 +0 +12$/m);
  const log = readFileSync(service.answer.logFile, "utf8") + service.stderr();
  expect(log).toContain("/services/certificatesearch");
  expect(log).not.toContain(apiKey.slice(-43));
});

test("What cannot be taken is refused with what would be right", async () => {
  const none = await repository("ssh-key", "1", "/none/key.pub");
  expect(none.stderr).toContain("[FILE_UNREADABLE]");
  const notes = await repository("document", "lodge", "smki-rapp", "1.3", "notes.md");
  expect(notes.stderr).toContain("field: file, expected: a name that ends in .pdf, ");
  expect((await repository("unlock", "1")).stdout).toBe("User 1 is let in.\n");
});

test("A back-up has the documents, and a restore gives them back", async () => {
  const data = await foundedEstate();
  const [file, back, backup] = ["rapp.pdf", "back.pdf", "backup"].map((name) =>
    join(temporaryFolder(), name),
  ) as [string, string, string];
  const octets = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(900_000, 3)]);
  writeFileSync(file, octets);
  const run = async (...words: string[]) => {
    const { status, stderr } = await smki(words);
    expect([words[0], status, status === 0 ? "" : stderr]).toEqual([words[0], 0, ""]);
  };
  await run("repository", "document", "lodge", "smki-rapp", "1.0", file, "--data", data);
  await run("backup", backup, "--data", data);
  const restored = join(temporaryFolder(), "data");
  await run("restore", backup, "--data", restored, "--accept-loss");
  await run("repository", "document", "get", "smki-rapp", "1.0", back, "--data", restored);
  expect(readFileSync(back).equals(octets)).toBe(true);
});
