import { createHash } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCrl, readCrlFields } from "../../certificates/index.ts";
import { currentListOf } from "../certificates.ts";
import { authorityStanding } from "../standing.ts";
import { foundedEstate, hours, release, sampleSitting, seconds, type TestEstate } from "./estate.testkit.ts";
import { renewArls } from "./renew-arls.ts";
import { revokeAuthority } from "./revoke-authority.ts";
import { extendStock } from "./stock.ts";
import { rules } from "./terms.testkit.ts";

let estate: TestEstate;
beforeAll(async () => {
  estate = await foundedEstate({ stockSize: 3, released: 0 });
});
afterAll(() => estate.end());

const listOf = async (id: string) => {
  const list = await estate.database.read((tx) => currentListOf(tx, id));
  if (list === undefined) throw new Error(`no list of ${id}`);
  return { ...list, entriesInIt: readCrlFields(parseCrl(list.list)).revoked };
};
const dcas = async () =>
  (await estate.authorities())
    .filter(({ profile }) => profile === "issuing-dca")
    .map(({ id, state }) => [id.slice(-1), state]);

describe("the stock of Issuing DCAs", () => {
  test("is released, lowest numbers first, by two different persons only", async () => {
    for (const persons of [["Ada Byron"], ["Ada Byron", "ada byron"], []])
      await expect(release(estate, 1, persons)).rejects.toMatchObject({ code: "CEREMONY_WITNESSES_NEEDED" });
    await expect(release(estate, 4)).rejects.toMatchObject({ code: "RELEASE_NOT_POSSIBLE" });
    expect(await release(estate, 1)).toEqual(["issuing-dca/0001"]);
    const { rows } = await estate.database.read((tx) =>
      sql<{ persons: string[]; salt: Buffer }>`select persons, salt from stock_release`.execute(tx),
    );
    expect(rows[0]?.persons).toHaveLength(2);
    const [act] = await estate.actsOf("authority.released");
    // The ledger proves the names to whoever is shown them with the salt, and tells them to nobody else.
    const hashes = rows[0]?.persons.map((name) =>
      createHash("sha256")
        .update(rows[0]?.salt ?? "")
        .update(name)
        .digest("hex"),
    );
    expect(act?.subject["persons"]).toEqual(hashes);
    expect(await dcas()).toEqual([
      ["1", "released"],
      ["2", "stock"],
      ["3", "stock"],
    ]);
  });
  test("released by two at the same moment is released once each, never the same CA twice", async () => {
    const both = await Promise.all([release(estate, 1), release(estate, 1)]);
    expect(both.flat().toSorted()).toEqual(["issuing-dca/0002", "issuing-dca/0003"]);
    const told = (await estate.actsOf("authority.released")).flatMap(({ subject }) => subject["authorities"]);
    expect(told.toSorted()).toEqual(["issuing-dca/0001", "issuing-dca/0002", "issuing-dca/0003"]);
  });
  test("is filled up to its size again by a ceremony, with numbers that were never used", async () => {
    await extendStock(estate.room(), sampleSitting, 2);
    expect(await dcas()).toEqual([
      ["1", "released"],
      ["2", "released"],
      ["3", "released"],
      ["4", "stock"],
      ["5", "stock"],
    ]);
    const { note } = await extendStock(estate.room(), sampleSitting);
    expect(note).not.toContain("issuing-dca/0006");
  });
});

test("renewing the ARLs raises the number of each root's by one, and their end", async () => {
  const before = await listOf("root-dca");
  estate.clock.advance(24 * hours);
  await renewArls(estate.room(), sampleSitting);
  for (const root of ["root-oca", "root-dca", "iki-root"]) expect((await listOf(root)).number).toBe(2);
  const after = await listOf("root-dca");
  expect(after.nextUpdate.getTime() - before.nextUpdate.getTime()).toBe(24 * hours + seconds);
  expect(after.thisUpdate.getMilliseconds()).toBe(0);
});

describe("the revocation of a CA", () => {
  const revoke = (authorityId: string) =>
    revokeAuthority(estate.room(), sampleSitting, { authorityId, reason: "cACompromise" });

  test("puts it on its root's new ARL, with its reason, and into the ledger", async () => {
    const { serialNumber } = await estate.authority("issuing-dca/0005");
    const { number } = await listOf("root-dca");
    const { note } = await revoke("issuing-dca/0005");
    expect((await estate.authority("issuing-dca/0005")).state).toBe("revoked");
    const list = await listOf("root-dca");
    expect(list.number).toBe(number + 1);
    expect(list.entriesInIt).toMatchObject([{ reason: "cACompromise" }]);
    expect(list.entries).toBe(1);
    expect(note).toContain(`root-dca ARL number ${String(number + 1)} signed`);
    expect(await estate.actsOf("authority.revoked")).toMatchObject([{ subject: { serialNumber } }]);
    expect((await listOf("root-oca")).entriesInIt).toEqual([]);
  });
  test("stands on every ARL that follows", async () => {
    await renewArls(estate.room(), sampleSitting);
    expect((await listOf("root-dca")).entriesInIt).toHaveLength(1);
  });
  test("is refused a second time, for a root, and for a CA that there is not", async () => {
    await expect(revoke("issuing-dca/0005")).rejects.toMatchObject({ code: "AUTHORITY_REVOKED_ALREADY" });
    await expect(revoke("root-oca")).rejects.toMatchObject({ code: "ROOT_NOT_REVOCABLE" });
    await expect(revoke("issuing-dca/9999")).rejects.toMatchObject({ code: "AUTHORITY_NOT_FOUND" });
    expect((await listOf("root-dca")).number).toBe(4);
  });
  test("needs its witnesses", async () => {
    const request = { ...sampleSitting, witnesses: ["Ada Byron"] };
    const revocation = { authorityId: "issuing-dca/0004", reason: "superseded" } as const;
    await expect(revokeAuthority(estate.room(), request, revocation)).rejects.toMatchObject({
      code: "CEREMONY_WITNESSES_NEEDED",
    });
  });
});

test("a CA that makes no lists any more is not waited for: only living ones have an overdue CRL", async () => {
  const overdue = async () => {
    const now = new Date(estate.clock.read().getTime() + 13 * hours);
    const { warnings } = await estate.database.read((tx) => authorityStanding(tx, rules, now));
    return warnings.filter((warning) => warning.includes("overdue"));
  };
  expect(await overdue()).toHaveLength(2);
  const revocation = { authorityId: "issuing-oca", reason: "cessationOfOperation" } as const;
  await revokeAuthority(estate.room(), sampleSitting, revocation);
  expect(await overdue()).toEqual([expect.stringContaining("iki-issuing")]);
  expect((await listOf("root-oca")).entriesInIt).toHaveLength(1);
});

test("all of it stands in a ledger that verifies", async () => {
  expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  expect(await estate.actsOf("ceremony.recorded")).toHaveLength(7);
});
