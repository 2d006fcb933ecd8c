import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hours, seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { currentListOf } from "../authorities/certificates.ts";
import { publishListIfDue } from "../authorities/revocation/publish-list.ts";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import { markNotInUse, type PermittedReason } from "../authorities/revocation/revoke.ts";
import { lockListOf } from "../authorities/stores.testkit.ts";
import { parseCrl, readCrlFields, type SerialNumber } from "../certificates/index.ts";
import type { Principal } from "../registration/principal.ts";
import { findPrincipal } from "../registration/registration.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeIkiCsr,
  makeOrganisationCsr,
  operator,
} from "./issuance.testkit.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
beforeEach(() => {
  estate.clock.advance(seconds);
});
afterAll(() => estate.end());

const only = ([first]: readonly SerialNumber[]): SerialNumber => first ?? expect.fail("nothing was issued");
const issueOrganisation = async () =>
  only(issuedSerialNumbers(await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()])));
const revoke = (by: Principal, serialNumber: SerialNumber, reason: PermittedReason = "keyCompromise") =>
  estate.database.transaction((tx) => requestRevocation(tx, by, serialNumber, reason, estate.clock.read()));
/** What a worker does every second. */
const publishIfDue = async (id = "issuing-oca") => {
  const authority = await estate.authority(id);
  const schedule = hierarchyTerms(1).crlOf("issuing-oca");
  return estate.database.transaction((tx) =>
    publishListIfDue(tx, estate.operationalSigner, authority, schedule, {
      clock: estate.clock.read,
      toleranceSeconds: 0,
    }),
  );
};
const listOf = async (id = "issuing-oca") => {
  const list = (await estate.database.read((tx) => currentListOf(tx, id))) ?? expect.fail();
  return { ...list, fields: readCrlFields(parseCrl(list.list)) };
};

describe("an Organisation Certificate that is revoked by its Subscriber", () => {
  test("stands on the next CRL, with its reason and time; the number rises by one", async () => {
    const before = await listOf();
    const serialNumber = await issueOrganisation();
    await revoke(estate.supplier, serialNumber, "superseded");
    const revokedAt = new Date(Math.floor(estate.clock.read().getTime() / 1_000) * 1_000);
    estate.clock.advance(2 * seconds);
    await publishIfDue();
    const { number, fields } = await listOf();
    expect(number).toBe(before.number + 1);
    expect(fields.number).toBe(BigInt(number));
    expect(fields.revoked).toContainEqual({
      serialNumber,
      revocationDate: revokedAt,
      reason: "superseded",
    });
    expect(fields.nextUpdate.getTime() - fields.thisUpdate.getTime()).toBe(48 * hours);
    expect(await estate.actsOf("certificate.revoked")).toMatchObject([
      { by: estate.supplier.name, subject: { serialNumber, reason: "superseded" } },
    ]);
  });
  test("is revoked once: a second request is refused, and so is one at the same moment", async () => {
    const serialNumber = await issueOrganisation();
    const both = await Promise.allSettled([
      revoke(estate.supplier, serialNumber),
      revoke(estate.supplier, serialNumber),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(revoke(estate.supplier, serialNumber)).rejects.toMatchObject({
      code: "CERTIFICATE_REVOKED_ALREADY",
    });
  });
  test("is its own: another's is unknown to it, a device manufacturer may not ask", async () => {
    const serialNumber = await issueOrganisation();
    await expect(revoke(estate.network, serialNumber)).rejects.toMatchObject({
      code: "CERTIFICATE_NOT_FOUND",
    });
    await expect(revoke(estate.manufacturer, serialNumber)).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    await expect(revoke(estate.supplier, "0".repeat(32) as SerialNumber)).rejects.toMatchObject({
      code: "CERTIFICATE_NOT_FOUND",
    });
    await revoke(operator, serialNumber);
  });
  test("is not one that has expired", async () => {
    const serialNumber = await issueOrganisation();
    const before = estate.clock.read();
    try {
      estate.clock.set(new Date("2036-06-02T00:00:00Z"));
      await expect(revoke(estate.supplier, serialNumber)).rejects.toMatchObject({
        code: "CERTIFICATE_EXPIRED",
      });
    } finally {
      estate.clock.set(before);
    }
  });
});

test("a Device Certificate is not revoked, and the refusal says why and what to do instead", async () => {
  const serialNumber = only(
    issuedSerialNumbers(await estate.issue(estate.manufacturer, "device", [makeDeviceCsr()])),
  );
  for (const by of [estate.manufacturer, operator])
    await expect(revoke(by, serialNumber)).rejects.toMatchObject({
      code: "DEVICE_CERTIFICATE_NOT_REVOCABLE",
      remedy: expect.stringMatching(/hold no revocation list.*not in use/) as string,
    });
  const mark = { serialNumber, reason: "rejected", reportedBy: estate.manufacturer.name };
  const report = () => estate.database.transaction((tx) => markNotInUse(tx, mark, estate.clock.read()));
  await report();
  await report();
  expect(await estate.actsOf("certificate.not-in-use")).toHaveLength(1);
  const organisation = { ...mark, serialNumber: await issueOrganisation() };
  await expect(
    estate.database.transaction((tx) => markNotInUse(tx, organisation, estate.clock.read())),
  ).rejects.toMatchObject({ code: "NOT_A_DEVICE_CERTIFICATE" });
});

test("a CA's certificate is revoked in a ceremony only", async () => {
  const { serialNumber } = await estate.authority("issuing-oca");
  await expect(revoke(operator, serialNumber)).rejects.toMatchObject({
    code: "AUTHORITY_REVOKED_IN_CEREMONY",
  });
});

test("the credential of a revoked IKI Certificate ends in the same moment", async () => {
  const holder = {
    partyId: estate.parties.supplier,
    systemName: "head end",
    subscriberFor: "organisation",
  } as const;
  const batch = await estate.submit(operator, "iki", [makeIkiCsr()], { partyId: holder.partyId, holder });
  await estate.work(batch);
  const serialNumber = only(issuedSerialNumbers(await estate.outcomes(batch)));
  const principal = () => estate.database.read((tx) => findPrincipal(tx, serialNumber));
  expect(await principal()).toMatchObject({ systemName: "head end", subscriberFor: "organisation" });
  await revoke(operator, serialNumber, "cessationOfOperation");
  await expect(principal()).rejects.toMatchObject({ code: "CREDENTIAL_ENDED" });
  await publishIfDue("iki-issuing");
  expect((await listOf("iki-issuing")).fields.revoked.map((entry) => entry.serialNumber)).toEqual([
    serialNumber,
  ]);
});

describe("the Organisation CRL", () => {
  test("is not made again before its time, and is after 12 hours", async () => {
    await publishIfDue();
    expect(await publishIfDue()).toBeUndefined();
    estate.clock.advance(12 * hours - seconds);
    expect(await publishIfDue()).toBeUndefined();
    estate.clock.advance(seconds);
    expect(await publishIfDue()).toBeDefined();
  });
  test("that was missed while the service was down is due at start", async () => {
    const { number } = await listOf();
    estate.clock.advance(100 * hours);
    expect(await publishIfDue()).toMatchObject({ number: number + 1 });
  });
  test("is made once by workers at the same time, and its numbers have no gap", async () => {
    estate.clock.advance(12 * hours);
    const made = await Promise.all(Array.from({ length: 6 }, () => publishIfDue()));
    expect(made.filter((list) => list !== undefined)).toHaveLength(1);
    const { rows } = await estate.database.read((tx) =>
      sql<{ numbers: number; highest: number }>`
        select count(*) as numbers, max(number) as highest from certificate_revocation_list
        where authority_id = 'issuing-oca'`.execute(tx),
    );
    expect(rows[0]?.numbers).toBe(rows[0]?.highest);
  });
  test("lists a revocation that committed while a list was being made", async () => {
    const serialNumber = await issueOrganisation();
    estate.clock.advance(12 * hours);
    const isAsked = Promise.withResolvers<undefined>();
    const mayCommit = Promise.withResolvers<undefined>();
    const revoking = estate.database.transaction(async (tx) => {
      await requestRevocation(tx, estate.supplier, serialNumber, "keyCompromise", estate.clock.read());
      isAsked.resolve(undefined);
      await mayCommit.promise;
    });
    await isAsked.promise;
    estate.clock.advance(5 * seconds);
    // Made while the revocation, of an earlier time, is not visible yet.
    expect(await publishIfDue()).toBeDefined();
    mayCommit.resolve(undefined);
    await revoking;
    estate.clock.advance(seconds);
    expect(await publishIfDue()).toBeDefined();
    expect((await listOf()).fields.revoked.map((entry) => entry.serialNumber)).toContain(serialNumber);
    expect(await publishIfDue()).toBeUndefined();
  });
});

test("all of it stands in a ledger that verifies", async () => {
  expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
});

test("a list bears the time at which its turn has come: one that was made while it waited is never later", async () => {
  const serialNumber = await issueOrganisation();
  await revoke(estate.supplier, serialNumber);
  const begun = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const holder = estate.database.transaction(async (tx) => {
    await lockListOf(tx, "issuing-oca");
    begun.resolve(undefined);
    await goOn.promise;
  });
  await begun.promise;
  const waiting = publishIfDue();
  // Until the other stands before the lock.
  for (let isWaiting = false; !isWaiting; ) {
    const { rows } = await estate.database.read((tx) =>
      sql<{ waits: boolean }>`
        select exists (select from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())) as waits`.execute(
        tx,
      ),
    );
    isWaiting = rows[0]?.waits === true;
  }
  estate.clock.advance(7 * seconds);
  goOn.resolve(undefined);
  await holder;
  const at = new Date(Math.floor(estate.clock.read().getTime() / 1_000) * 1_000);
  expect((await waiting)?.thisUpdate).toEqual(at);
});
