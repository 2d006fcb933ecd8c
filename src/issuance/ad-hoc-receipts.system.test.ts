import { X509Certificate } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rules } from "../authorities/ceremony/terms.testkit.ts";
import { databaseFaults, faultyDatabase } from "../database/testkit/faulty-database.ts";
import type { CredentialHolder, Principal } from "../registration/principal.ts";
import { AdHocReceipts } from "./ad-hoc-receipts.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import {
  type IssuingEstate,
  issuingEstate,
  makeDeviceCsr,
  makeKey,
  nextDevice,
  words,
} from "./issuance.testkit.ts";
import { OutcomeWatch } from "./outcome-watch.ts";
import { workTogether } from "./work-together.ts";

let estate: IssuingEstate;
let receipts: AdHocReceipts;
const adHocSubscribers = { ...rules.adHocSubscribers, value: ["manufacturer"] };
beforeAll(async () => {
  estate = await issuingEstate();
  receipts = new AdHocReceipts(estate.database, { adHocSubscribers });
});
afterAll(() => estate.end());

function holder(principal: Principal): CredentialHolder {
  if (principal.kind !== "credential") return expect.fail();
  return principal;
}
const receive = (request: Buffer, { by = estate.manufacturer, reference = "one" } = {}) =>
  receipts.receive({ by: holder(by), reference, request, at: estate.clock.read() });

/** A Device's first certificate, by another channel, and the CSR that asks for the next. */
async function replacement(key = makeKey()): Promise<Buffer> {
  const deviceId = nextDevice();
  await estate.issue(estate.manufacturer, "device", [makeDeviceCsr({ deviceId })]);
  return makeDeviceCsr({ deviceId, key });
}

describe("CSRs that come in at the same moment", () => {
  test("are received in one transaction, each as a batch and with an act of its own", async () => {
    const before = (await estate.actsOf("requests.received")).length;
    const numbers = await Promise.all(Array.from({ length: 5 }, () => receive(makeDeviceCsr())));
    expect(new Set(numbers).size).toBe(5);
    const { rows } = await estate.database.read((tx) =>
      sql<{ transactions: number }>`
        select count(distinct xmin::text) as transactions from request_batch
        where id = any(${numbers}::bigint[])`.execute(tx),
    );
    expect(rows).toEqual([{ transactions: 1 }]);
    const acts = (await estate.actsOf("requests.received")).slice(before);
    expect(acts.map(({ subject }) => subject["batch"])).toEqual(numbers);
  });

  test("keep none of the others from being received where one cannot be", async () => {
    const answers = await Promise.allSettled([
      receive(makeDeviceCsr()),
      // A character that PostgreSQL's text does not have: the whole statement fails by it.
      receive(makeDeviceCsr(), { reference: "a\0b" }),
      receive(makeDeviceCsr(), { by: estate.supplier }),
      receive(makeDeviceCsr()),
    ]);
    expect(answers).toMatchObject([
      { status: "fulfilled" },
      { reason: { code: "DATABASE_FAILED" } },
      { reason: { code: "NOT_PERMITTED" } },
      { status: "fulfilled" },
    ]);
  });
});

describe.each(databaseFaults)("a receipt of several whose %s fails", (fault) => {
  test("leaves them all received, or none; sent again, each CSR is answered once", async () => {
    const csrs = [await replacement(), await replacement()];
    const count = () => estate.actsOf("requests.received").then(({ length }) => length);
    const before = await count();
    for (let number = 1; ; number += 1) {
      const faulty = faultyDatabase(estate.database, fault, number);
      const there = new AdHocReceipts(faulty.database, { adHocSubscribers });
      const received = await count();
      const answers = await Promise.allSettled(
        csrs.map((request) =>
          there.receive({
            by: holder(estate.manufacturer),
            reference: "x",
            request,
            at: estate.clock.read(),
          }),
        ),
      );
      const now = await count();
      // Told that it failed, though it took place: the connection was lost during the commit.
      if (fault === "answer" && faulty.hasFailed()) expect(now).toBe(received + csrs.length);
      if (!faulty.hasFailed()) {
        expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
        break;
      }
      for (const answer of answers)
        expect(answer).toMatchObject({ reason: { code: "DATABASE_UNAVAILABLE" } });
      if (fault !== "answer") expect(now).toBe(received);
    }
    expect(await count()).toBe(before + csrs.length * (fault === "answer" ? 2 : 1));
    const { rows } = await estate.database.read((tx) =>
      sql<{ id: number }>`
        select request_batch.id from request_batch join request_chunk on batch_id = request_batch.id
        where reference = 'x' and state = 'received' order by 1`.execute(tx),
    );
    const decided: string[] = [];
    for (const { id } of rows) {
      expect(await estate.work(id)).toEqual(["finished"]);
      decided.push(...words(await estate.outcomes(id)));
    }
    const again = fault === "answer" ? ["KEY_ALREADY_CERTIFIED", "KEY_ALREADY_CERTIFIED"] : [];
    expect(decided).toEqual(["issued", "issued", ...again]);
    await expectCertifiedOnce(estate);
  });
});

describe("those who wait for single CSRs", () => {
  test("are each told what became of their own, with the certificate", async () => {
    const watch = new OutcomeWatch(estate.database);
    const keys = [makeKey(), makeKey(), makeKey()];
    const csrs = await Promise.all(keys.map(replacement));
    const numbers = await Promise.all([...csrs, Buffer.from("no CSR")].map((csr) => receive(csr)));
    const waiting = numbers.map((number) =>
      watch.outcomeOf(estate.manufacturer, number, { milliseconds: 60_000 }),
    );
    const chunks = (await Promise.all(numbers.map(estate.chunksOf))).flat();
    await workTogether(estate.issuing(), chunks);
    const outcomes = await Promise.all(waiting);
    expect(outcomes.map((one) => one?.outcome.status)).toEqual(["issued", "issued", "issued", "refused"]);
    for (const [index, { publicKey }] of keys.entries()) {
      const certificate = new X509Certificate(outcomes[index]?.certificate ?? expect.fail());
      const point = certificate.publicKey.export({ format: "der", type: "spki" }).subarray(-65);
      expect(point.equals(publicKey)).toBe(true);
    }
  });

  test("are told nothing of another Party's, and wait no longer than they will", async () => {
    const watch = new OutcomeWatch(estate.database);
    const number = await receive(makeDeviceCsr());
    await expect(watch.outcomeOf(estate.supplier, number, { milliseconds: 60_000 })).rejects.toMatchObject({
      code: "BATCH_NOT_FOUND",
    });
    await expect(
      watch.outcomeOf(estate.manufacturer, 999_999_999, { milliseconds: 60_000 }),
    ).rejects.toMatchObject({ code: "BATCH_NOT_FOUND" });
    expect(await watch.outcomeOf(estate.manufacturer, number, { milliseconds: 5 })).toBeUndefined();
    const stopping = AbortSignal.abort();
    expect(
      await watch.outcomeOf(estate.manufacturer, number, { milliseconds: 60_000, stopping }),
    ).toBeUndefined();
  });

  test("are let go when a person must look at it", async () => {
    const watch = new OutcomeWatch(estate.database);
    const number = await receive(makeDeviceCsr());
    const waiting = watch.outcomeOf(estate.manufacturer, number, { milliseconds: 60_000 });
    await estate.database.transaction((tx) =>
      sql`update request_chunk set requests = 'damaged' where batch_id = ${number}`.execute(tx),
    );
    expect(await estate.work(number)).toEqual(["held"]);
    expect(await waiting).toBeUndefined();
  });
});
