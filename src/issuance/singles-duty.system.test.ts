import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import type { OpenChunk } from "./request-store.ts";
import { SinglesDuty } from "./singles-duty.ts";

let held: TestDatabase;
beforeAll(async () => {
  held = await testDatabase(1);
});
afterAll(() => held.drop());

const now = new Date("2026-11-24T12:00:00Z");
const waiting = (count: number, milliseconds = 0): OpenChunk[] =>
  Array.from({ length: count }, (_, id) => ({
    ...{ id, kind: "device", isSingle: true },
    releasedAt: new Date(now.getTime() - milliseconds),
  }));

/** Two workers; the first has the duty. */
let first: Worker;
let second: Worker;
interface Worker {
  readonly duty: SinglesDuty;
  /** Whether it goes round with those. */
  readonly takes: (open: readonly OpenChunk[]) => Promise<boolean>;
  readonly end: () => Promise<void>;
}

async function worker(): Promise<Worker> {
  const session = await held.database.openLockSession();
  const duty = new SinglesDuty(session);
  await duty.claim();
  return {
    duty,
    takes: async (open) => (await duty.goRound(open, now, () => Promise.resolve(true))) ?? false,
    end: () => session.close(),
  };
}

beforeEach(async () => {
  first = await worker();
  second = await worker();
  return async () => {
    await first.end();
    await second.end();
  };
});

test("Single CSRs are for the worker that has the duty; the others leave them to it", async () => {
  expect(await first.takes(waiting(1))).toBe(true);
  expect(await second.takes(waiting(31))).toBe(false);
  expect([first.duty.hear(), second.duty.hear()]).toEqual([true, false]);
});

test("Others help when there are many, or when one has waited too long", async () => {
  expect(await second.takes(waiting(32))).toBe(true);
  expect(await second.takes(waiting(1, 250))).toBe(true);
  expect(await second.takes(waiting(1, 249))).toBe(false);
});

test("The duty is free with the connection of whoever had it", async () => {
  await first.end();
  expect(await second.takes(waiting(1))).toBe(true);
  expect(second.duty.hear()).toBe(true);
});

test("One round goes at a time, and news during it is not lost", async () => {
  const round = Promise.withResolvers<undefined>();
  const under = first.duty.goRound(waiting(1), now, () => round.promise);
  await expect.poll(() => first.duty.hear()).toBe(false);
  expect(first.duty.takeNews()).toBe(false);
  expect(await first.takes(waiting(1))).toBe(false);
  round.resolve(undefined);
  await under;
  expect(first.duty.takeNews()).toBe(true);
  expect(first.duty.takeNews()).toBe(false);
});
