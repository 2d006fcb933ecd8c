import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCrl, readCrlFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Signer } from "../../keys/signer.ts";
import { foundedEstate, hours, seconds, type TestEstate } from "../ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../ceremony/terms.testkit.ts";
import { lodgeFiller, lodgeRevokedFiller } from "../testkit/filler.ts";
import { currentList, type PublishedList } from "./list-store.ts";
import { type ListStep, publishDueList } from "./publish-list.ts";
import { rebuildList } from "./rebuild-list.ts";
import { hasUnlisted } from "./revocation-store.ts";
import { revokeCertificate } from "./revoke.ts";

const oca = "issuing-oca";
let estate: TestEstate;
let next = 1;
beforeAll(async () => {
  estate = await foundedEstate();
});
afterAll(() => estate.end());

const transaction = <Result>(work: (tx: Tx) => Promise<Result>) => estate.database.transaction(work);
const revokeSome = async (count: number) => {
  await transaction((tx) => lodgeRevokedFiller(tx, oca, next, count, estate.clock.read()));
  next += count;
};
const publish = async ({
  keyLabel,
  ...changes
}: {
  signer?: Signer;
  keyLabel?: string;
  afterStep?: (step: ListStep) => void;
} = {}) => {
  const making = {
    database: estate.database,
    signer: estate.operationalSigner,
    clock: estate.clock.read,
    toleranceSeconds: 5,
    ...changes,
  };
  const authority = await estate.authority(oca);
  const changed = keyLabel === undefined ? authority : { ...authority, keyLabel };
  return publishDueList(making, changed, hierarchyTerms(1).crlOf(oca));
};
const rebuilt = async (number: number) => {
  const authority = await estate.authority(oca);
  return transaction((tx) => rebuildList(tx, authority, number));
};
const kept = async () => {
  const { rows } = await transaction((tx) =>
    sql<{ number: number }>`
      select number from certificate_revocation_list
      where authority_id = ${oca} and list is not null order by number`.execute(tx),
  );
  return rows.map(({ number }) => number);
};
describe("Lists that were published", () => {
  const published: PublishedList[] = [];
  beforeAll(async () => {
    for (const count of [0, 1, 0, 3, 40, 0, 1]) {
      await revokeSome(count);
      estate.clock.advance(12 * hours);
      published.push((await publish()) ?? expect.fail());
    }
  });

  test("are made again octet for octet, of whatever is kept", async () => {
    for (const { number, list } of published) expect(await rebuilt(number)).toEqual(list);
    await expect(rebuilt(1_000)).rejects.toMatchObject({ code: "LIST_NUMBER_UNKNOWN" });
  });
  test("keep their octets only while they are current", async () => {
    expect(await kept()).toEqual([published.at(-1)?.number]);
    expect(await transaction((tx) => currentList(tx, oca))).toEqual(published.at(-1));
  });
  test("begin each with the entries of the one before it", () => {
    const entries = published.map(({ list }) => readCrlFields(parseCrl(list)).revoked);
    for (const [index, those] of entries.entries()) {
      const before = entries[index - 1] ?? [];
      expect(those.slice(0, before.length)).toEqual(before);
    }
    expect(entries.map(({ length }) => length)).toEqual([0, 1, 1, 4, 44, 44, 45]);
  });
  test("stand in a ledger that is compared with them", async () => {
    const { findings } = await estate.verify();
    expect(findings.filter(({ what }) => what.startsWith("list "))).toEqual([]);
  });
});

test("Lists from before their octets were let go are taken on as they are", async () => {
  const before = (await transaction((tx) => currentList(tx, oca))) ?? expect.fail();
  const earlier = await rebuilt(before.number - 1);
  await revokeSome(2);
  const migration = readFileSync(
    join(import.meta.dirname, "../../database/migrations/0009-lists.sql"),
    "utf8",
  );
  await transaction(async (tx) => {
    // As the release before left them: each with its octets, in the order of time, and nothing beside.
    await sql`update certificate_revocation_list set list = ${earlier}
      where authority_id = ${oca} and number = ${before.number - 1}`.execute(tx);
    await sql`delete from certificate_revocation_list where list is null`.execute(tx);
    await sql`alter table certificate_revocation_list drop column signature cascade`.execute(tx);
    await sql`alter table revocation drop column listed_in cascade`.execute(tx);
    await sql`create index revocation_by_authority on revocation (authority_id, revoked_at)`.execute(tx);
    for (const statement of migration.split(/;\s*$/m))
      if (statement.trim() !== "") await sql.raw(statement).execute(tx);
  });
  expect(await rebuilt(before.number)).toEqual(before.list);
  estate.clock.advance(seconds);
  expect(await publish()).toMatchObject({ number: before.number + 1, entries: before.entries + 2 });
  // Their signatures are not kept by themselves, so their octets are, for ever.
  expect(await kept()).toEqual([before.number - 1, before.number, before.number + 1]);
  expect(await rebuilt(before.number)).toEqual(before.list);
  await revokeSome(1);
  estate.clock.advance(seconds);
  expect(await publish()).toMatchObject({ number: before.number + 2 });
  expect(await kept()).toEqual([before.number - 1, before.number, before.number + 2]);
});

test("What is asked each second, and one more revocation, read no more rows for there being thousands, with old statistics too", async () => {
  await revokeSome(5_000);
  // All of these are on no list yet, says PostgreSQL from now on.
  await estate.database.read((tx) => sql`analyze revocation`.execute(tx));
  estate.clock.advance(seconds);
  expect(await publish()).toBeDefined();
  // Rows that this transaction has read so far, of all that are revoked and of all that are issued.
  const rowsRead = async (tx: Tx) => {
    const { rows } = await sql<{ rows: number }>`
      select sum(seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables
      where relname in ('revocation', 'certificate')`.execute(tx);
    return rows[0]?.rows ?? expect.fail();
  };
  const [serialNumber = expect.fail()] = await transaction((tx) =>
    lodgeFiller(tx, oca, 500_000, 1, estate.clock.read()),
  );
  await transaction(async (tx) => {
    const before = await rowsRead(tx);
    expect(await hasUnlisted(tx, oca)).toBe(false);
    expect(await rowsRead(tx)).toBe(before);
    // The certificate that is revoked, once by its number and once by the foreign key.
    const request = { serialNumber, reason: "superseded", requestedBy: "test" };
    await revokeCertificate(tx, request as Parameters<typeof revokeCertificate>[1], estate.clock.read());
    expect((await rowsRead(tx)) - before).toBeLessThanOrEqual(2);
  });
});

describe("A list is not published", () => {
  const current = async () => (await transaction((tx) => currentList(tx, oca)))?.number;

  test("with a finding of lint, nor is it signed; once that is mended the next has its number", async () => {
    const number = (await current()) ?? expect.fail();
    await revokeSome(1);
    await transaction((tx) =>
      sql`update revocation set reason = 'certificateHold' where listed_in is null`.execute(tx),
    );
    estate.clock.advance(seconds);
    const steps: ListStep[] = [];
    await expect(publish({ afterStep: (step) => void steps.push(step) })).rejects.toMatchObject({
      code: "LIST_LINT_FINDING",
      details: { authority: oca, rule: "crl-reasons" },
    });
    expect(steps).toEqual(["collected"]);
    expect(await current()).toBe(number);
    await transaction((tx) =>
      sql`update revocation set reason = 'superseded' where listed_in is null`.execute(tx),
    );
    expect(await publish({ afterStep: (step) => void steps.push(step) })).toMatchObject({
      number: number + 1,
    });
    expect(steps).toEqual(["collected", "collected", "built", "signed", "publishing", "published"]);
  });
  test("when it was signed with another key", async () => {
    const number = await current();
    await revokeSome(1);
    estate.clock.advance(seconds);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const signer: Signer = {
      ...estate.operationalSigner,
      findKey: (label) => estate.operationalSigner.findKey(label),
      sign: (_, message) => Promise.resolve(sign("sha256", message, privateKey)),
    };
    await expect(publish({ signer })).rejects.toMatchObject({ code: "OWN_SIGNATURE_INVALID" });
    expect(await current()).toBe(number);
    expect(await publish()).toBeDefined();
  });
});

test("Without the CA's key no work is done on a list, which is due each second; with it the next has its number", async () => {
  const before = (await transaction((tx) => currentList(tx, oca))) ?? expect.fail();
  await revokeSome(1);
  estate.clock.advance(seconds);
  const steps: ListStep[] = [];
  await expect(
    publish({ keyLabel: "another", afterStep: (step) => void steps.push(step) }),
  ).rejects.toMatchObject({ code: "KEY_NOT_FOUND", details: { label: "another" } });
  expect(steps).toEqual([]);
  expect(await transaction((tx) => currentList(tx, oca))).toEqual(before);
  expect(await publish()).toMatchObject({ number: before.number + 1, entries: before.entries + 1 });
});

test("Revocations that commit in any order while lists are made stand on a list each, once, and none is forgotten", async () => {
  const serials = await transaction((tx) => lodgeFiller(tx, oca, 1_000_000, 60, estate.clock.read()));
  let open = serials.length;
  const revoking = serials.map(async (serialNumber, index) => {
    await transaction(async (tx) => {
      const request = { serialNumber, reason: "superseded", requestedBy: "test" } as Parameters<
        typeof revokeCertificate
      >[1];
      await revokeCertificate(tx, request, estate.clock.read());
      await sql`select pg_sleep(${((index * 7) % 13) / 50})`.execute(tx);
    });
    open -= 1;
  });
  let made = 0;
  while (open > 0) {
    estate.clock.advance(seconds);
    if ((await publish()) !== undefined) made += 1;
  }
  await Promise.all(revoking);
  await publish();
  expect(made).toBeGreaterThan(1);
  expect(await transaction((tx) => hasUnlisted(tx, oca))).toBe(false);
  const list = (await transaction((tx) => currentList(tx, oca))) ?? expect.fail();
  const listed = readCrlFields(parseCrl(list.list)).revoked.map((entry) => entry.serialNumber as string);
  expect(listed).toEqual(expect.arrayContaining(serials));
  expect(new Set(listed).size).toBe(listed.length);
  expect(await publish()).toBeUndefined();
});
