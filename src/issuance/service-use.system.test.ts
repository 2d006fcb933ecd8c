import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import { rulebookFor } from "../rulebook/index.ts";
import { serviceUses } from "./service-use.ts";

const rules = rulebookFor("response");
const utc = (text: string) => new Date(`${text}Z`);

let clean: TestDatabase;
beforeAll(async () => {
  clean = await testDatabase();
});
afterEach(() => clean.database.transaction((tx) => sql`delete from request_batch`.execute(tx)));
afterAll(() => clean.drop());

interface Row {
  readonly party: number;
  readonly channel: string;
  readonly at: string;
  readonly polls?: readonly [polls: number, early: number, frequent: number, repeated: number, last: string];
}

const receive = (...batches: readonly Row[]) =>
  clean.database.transaction(async (tx) => {
    for (const {
      party,
      channel,
      at,
      polls: [polls, early, frequent, repeated, last] = [0, 0, 0, 0, null],
    } of batches)
      await sql`
        insert into request_batch (certificate_kind, reference, party_id, requested_by, channel, received_at, request_count,
          polls, early_polls, frequent_polls, repeated_polls, last_polled_at)
        values ('device', 'r', ${party}, 'test', ${channel}, ${utc(at)}, 1, ${polls}, ${early}, ${frequent},
          ${repeated}, ${last === null ? null : utc(last)})`.execute(tx);
  });
const usesAt = (at: string) => clean.database.read((tx) => serviceUses(tx, rules, utc(at)));
/** How many of the CSRs of one Party at these times are too soon. */
async function tooSoon(...times: readonly string[]) {
  await receive(...times.map((at) => ({ party: 1, channel: "ad-hoc", at })));
  const [use] = await usesAt(new Date(utc(times.at(-1) ?? "").getTime() + 1_000).toISOString().slice(0, -1));
  expect(use?.adHoc.csrs).toBe(times.length);
  return use?.adHoc.tooSoon;
}

test("by day 0.8 seconds lie between two ad hoc CSRs of a Party", async () => {
  expect(await tooSoon("2026-01-15T12:00:00.000", "2026-01-15T12:00:00.799", "2026-01-15T12:00:01.599")).toBe(
    1,
  );
});

test.each([
  ["in winter until 07:00", "2026-01-15T06:59:56", "2026-01-15T06:59:59", 1],
  ["in winter from 07:00 no more", "2026-01-15T06:59:59", "2026-01-15T07:00:00", 0],
  ["in winter from 20:00", "2026-01-15T19:59:59", "2026-01-15T20:00:00", 1],
  ["in summer until 06:00 UTC", "2026-07-15T05:59:56", "2026-07-15T05:59:59", 1],
  ["in summer from 06:00 UTC no more", "2026-07-15T05:59:59", "2026-07-15T06:00:00", 0],
  ["in summer from 19:00 UTC", "2026-07-15T18:59:59", "2026-07-15T19:00:00", 1],
  ["and with four seconds between it is no matter", "2026-01-15T23:00:00", "2026-01-15T23:00:04", 0],
])("by night 4 seconds: %s", async (_, first, second, expected) => {
  expect(await tooSoon(first, second)).toBe(expected);
});

test("each Party has its own pace, and what lies 24 hours back is no more counted", async () => {
  await receive(
    { party: 1, channel: "ad-hoc", at: "2026-01-14T11:00" },
    { party: 1, channel: "ad-hoc", at: "2026-01-15T12:00" },
    { party: 2, channel: "ad-hoc", at: "2026-01-15T12:00" },
    { party: 2, channel: "portal-single", at: "2026-01-15T12:00" },
  );
  const adHoc = { csrs: 1, tooSoon: 0 };
  expect(await usesAt("2026-01-15T12:01")).toMatchObject([
    { partyId: 1, adHoc },
    { partyId: 2, adHoc },
  ]);
});

test("polls are counted for batches that were asked for of late, by Party", async () => {
  await receive(
    { party: 3, channel: "batched", at: "2026-01-10T12:00", polls: [9, 4, 3, 2, "2026-01-15T11:00"] },
    { party: 3, channel: "batched", at: "2026-01-14T12:00", polls: [2, 1, 0, 0, "2026-01-15T09:00"] },
    { party: 3, channel: "batched", at: "2026-01-09T12:00", polls: [5, 5, 5, 5, "2026-01-10T09:00"] },
  );
  expect(await usesAt("2026-01-15T12:00")).toEqual([
    { partyId: 3, adHoc: { csrs: 0, tooSoon: 0 }, polls: { polls: 11, early: 5, frequent: 3, repeated: 2 } },
  ]);
});
