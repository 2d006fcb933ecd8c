import { hash } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SerialNumber } from "../../certificates/index.ts";
import { type TestDatabase, testDatabase } from "../../database/testkit.ts";
import type { PartyCategory } from "../../registration/party.ts";
import { type CredentialHolder, localOperator } from "../../registration/principal.ts";
import { registerParty } from "../../registration/registration.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import type { DocumentVersion, Lodging } from "./document.ts";
import { findVersion, listDocuments, lodgeDocument, octetsOf, versionsOf } from "./documents.ts";
import { partSize } from "./read-document.ts";

const operator = localOperator("test");
const rules = rulebookFor("response");
const at = new Date("2026-06-01T12:00:00Z");
let held: TestDatabase;
let dcc: CredentialHolder;
let supplier: CredentialHolder;
beforeAll(async () => {
  held = await testDatabase();
  [dcc, supplier] = [await officerOf("dcc"), await officerOf("large-supplier")];
});
afterAll(() => held.drop());

async function officerOf(category: PartyCategory): Promise<CredentialHolder> {
  const party = { name: category, categories: [category], roles: [], identifiers: [], ranges: [] };
  const partyId = await held.database.transaction((tx) => registerParty(tx, operator, party, at));
  const serialNumber = "1".repeat(32) as SerialNumber;
  return {
    kind: "credential",
    name: `credential:${serialNumber}`,
    serialNumber,
    partyId,
    subscriberFor: "organisation",
  };
}

const pdf = (length: number) => Buffer.concat([Buffer.from("%PDF-"), Buffer.alloc(length - 5, length % 251)]);
let versions = 0;
const next = (): Lodging => ({
  document: "smki-rapp",
  version: `1.${String((versions += 1))}`,
  mediaType: "application/pdf",
  for: "dcc",
});
const lodge = (
  octets: Buffer,
  lodging: Lodging = next(),
  by: Parameters<typeof lodgeDocument>[1] = operator,
  more: { expected?: string; rules?: typeof rules } = {},
) =>
  lodgeDocument(
    held.database,
    by,
    lodging,
    async function* () {
      for (let from = 0; from < octets.length; from += 65_536) yield octets.subarray(from, from + 65_536);
    },
    { rules, at, ...more },
  );
async function taken(version: DocumentVersion): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of octetsOf(held.database, version)) parts.push(part);
  return Buffer.concat(parts);
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
const acts = async () => {
  const { rows } = await held.database.read((tx) =>
    sql<{ entry: Buffer }>`select entry from ledger_inbox`.execute(tx),
  );
  return rows.map(
    ({ entry }) => JSON.parse(entry.toString()) as { kind: string; subject: Record<string, unknown> },
  );
};

describe("A document", () => {
  test.each([6, partSize - 1, partSize, partSize + 1, 3 * partSize + 7])(
    "of %i octets comes out as it went in, and the ledger has its SHA-256",
    async (length) => {
      const octets = pdf(length);
      const lodged = await lodge(octets);
      expect(lodged).toMatchObject({ octets: length, sha256: hash("sha256", octets), title: "SMKI RAPP" });
      const found = await held.database.read((tx) => findVersion(tx, lodged.document, lodged.version));
      expect(found).toEqual(lodged);
      expect((await taken(found)).equals(octets)).toBe(true);
      const { document, version, sha256 } = lodged;
      expect(await acts()).toContainEqual(
        expect.objectContaining({
          kind: "document.lodged",
          subject: { document, version, sha256, octets: length, for: "dcc" },
        }),
      );
    },
  );

  test("is listed with every version, 1.10 above 1.9", async () => {
    for (const version of ["1.9", "1.10", "1"])
      await lodge(pdf(10), { ...next(), document: "iki-certificate-policy", version });
    const found = await held.database.read((tx) => versionsOf(tx, "iki-certificate-policy"));
    expect(found.map(({ version }) => version)).toEqual(["1.10", "1.9", "1"]);
    expect(await held.database.read(listDocuments)).toEqual(expect.arrayContaining(found));
    for (const [document, version] of [
      ["iki-certificate-policy", "2.0"],
      ["none", "1.0"],
      ["' or 1=1", "1.0"],
    ] as const)
      expect(await codeOf(held.database.read((tx) => findVersion(tx, document, version)))).toBe(
        "DOCUMENT_NOT_FOUND",
      );
  });

  test("that the rules do not name has the title of its first version", async () => {
    const other = { ...next(), document: "smki-user-guide", reference: "PMA 12/3" };
    expect(await codeOf(lodge(pdf(10), other))).toBe("DOCUMENT_INVALID");
    expect((await lodge(pdf(10), { ...other, title: "SMKI User Guide" })).title).toBe("SMKI User Guide");
    const later = { ...other, ...{ version: "9.9", title: "Renamed" } };
    expect((await lodge(pdf(10), later)).title).toBe("SMKI User Guide");
    expect(JSON.stringify(await acts())).not.toMatch(/PMA 12|User Guide/);
  });
});

describe("A version", () => {
  test("is lodged once, of however many at once; the others leave nothing", async () => {
    const one = next();
    const tries = await Promise.all(
      Array.from({ length: 6 }, (_, index) => codeOf(lodge(pdf(partSize + index + 9), one))),
    );
    expect(tries.toSorted()).toEqual([...Array.from({ length: 5 }, () => "DOCUMENT_VERSION_EXISTS"), "done"]);
    const found = await held.database.read((tx) => findVersion(tx, one.document, one.version));
    expect(hash("sha256", await taken(found))).toBe(found.sha256);
    const told = (await acts()).filter(
      ({ subject }) => subject["version"] === one.version && subject["document"] === one.document,
    );
    expect(told).toHaveLength(1);
    // Whoever lodges the same again learns whether it is what they have.
    await expect(lodge(pdf(10), one)).rejects.toMatchObject({
      code: "DOCUMENT_VERSION_EXISTS",
      details: { sha256: found.sha256 },
    });
  });

  test.each([
    "update repository_document_version set sha256 = sha256",
    "update repository_document set title = 'x'",
    "delete from repository_document_part",
    "truncate repository_document_part",
    "insert into repository_document_part select document, version, parts, 'x' from repository_document_version",
    "insert into repository_document_part select document, version, 0, 'x' from repository_document_version",
  ])("never changes or goes: %s", async (statement) => {
    await lodge(pdf(10));
    const done = held.database.transaction((tx) => sql.raw(statement).execute(tx));
    await expect(done).rejects.toMatchObject({ code: "DATABASE_FAILED" });
  });

  test("that was altered all the same is not given out whole", async () => {
    const lodged = await lodge(pdf(2 * partSize));
    await held.database.transaction(async (tx) => {
      await sql`alter table repository_document_part disable trigger append_only`.execute(tx);
      await sql`update repository_document_part set octets = set_byte(octets, 9, 0)
        where version = ${lodged.version} and position = 0`.execute(tx);
      await sql`alter table repository_document_part enable trigger append_only`.execute(tx);
    });
    let octets = 0;
    const reading = async () => {
      for await (const part of octetsOf(held.database, lodged)) octets += part.length;
    };
    expect(await codeOf(reading())).toBe("DOCUMENT_ALTERED");
    expect(octets).toBe(partSize);
  });
});

describe("Lodging", () => {
  test("is for the operator and the DCC; for the PMA it is for the operator", async () => {
    const forPma = { ...next(), for: "pma", reference: "SD 1" } as const;
    expect(await codeOf(lodge(pdf(10), next(), dcc))).toBe("done");
    expect(await codeOf(lodge(pdf(10), next(), supplier))).toBe("NOT_PERMITTED");
    expect(await codeOf(lodge(pdf(10), forPma, dcc))).toBe("NOT_PERMITTED");
    expect(await codeOf(lodge(pdf(10), forPma))).toBe("done");
  });

  test("refuses what is too large, of another type, or not what was announced, and leaves nothing", async () => {
    const before = (await held.database.read(listDocuments)).length;
    const small = { ...rules, repositoryLargestDocument: { ...rules.repositoryLargestDocument, value: 100 } };
    expect(await codeOf(lodge(pdf(101), next(), operator, { rules: small }))).toBe("DOCUMENT_TOO_LARGE");
    expect(await codeOf(lodge(Buffer.from("<html>")))).toBe("DOCUMENT_INVALID");
    expect(await codeOf(lodge(pdf(10), next(), operator, { expected: "0".repeat(64) }))).toBe(
      "DOCUMENT_DAMAGED",
    );
    expect(await held.database.read(listDocuments)).toHaveLength(before);
  });

  test("of octets that change while they are read is refused", async () => {
    let reads = 0;
    const changing = async function* () {
      reads += 1;
      yield pdf(10 + (reads > 1 ? 1 : 0));
    };
    const one = next();
    const done = lodgeDocument(held.database, operator, one, changing, { rules, at });
    expect(await codeOf(done)).toBe("DOCUMENT_DAMAGED");
    expect(await codeOf(held.database.read((tx) => findVersion(tx, one.document, one.version)))).toBe(
      "DOCUMENT_NOT_FOUND",
    );
  });
});
