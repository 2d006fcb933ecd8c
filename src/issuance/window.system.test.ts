import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import { localOperator } from "../registration/principal.ts";
import { approveBatch } from "./approve-batch.ts";
import { type BatchCounter, batchCounter, byPerson, publishedWindow } from "./batches.testkit.ts";
import { findBatch } from "./deliver.ts";
import { holdChunk } from "./held-chunks.ts";
import { type IssuingEstate, issuingEstate, makeDeviceCsrs, operator } from "./issuance.testkit.ts";
import { type ParsingStep, parseBatch } from "./parse-batch.ts";
import { selectOpenChunks } from "./request-store.ts";
import { type IssuanceOptions, runIssuance } from "./run-issuance.ts";

let estate: IssuingEstate;
let batches: BatchCounter;
let work: AbortController;
let running: Promise<void>;
beforeEach(async () => {
  // A winter's afternoon: the clocks of Great Britain show UTC.
  estate = await issuingEstate({ at: new Date("2026-11-23T15:00:00Z"), released: 3 });
  batches = batchCounter(estate, publishedWindow);
  work = new AbortController();
  running = Promise.resolve();
});
afterEach(async () => {
  work.abort();
  await running;
  await estate.end();
});

function startWorker(changes: Partial<IssuingAuthority> = {}, events: IssuanceOptions = {}): void {
  const { window } = publishedWindow;
  running = runIssuance(estate.issuing(changes), work.signal, { ...events, window });
}

const statusOf = async (batch: number) => (await batches.standing(batch)).status;

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(20);
}

test("a batch waits for 20:00, stops at 08:00 with what is under way finished, and goes on the next night by itself", async () => {
  const morning = new Date("2026-11-24T08:00:00Z");
  let begun = 0;
  startWorker({
    afterStep: (step) => {
      if (step !== "intend") return;
      begun += 1;
      // The window shuts while the first chunk of the batch is prepared; the single CSR came before it.
      if (estate.clock.read() < morning && begun > 1) estate.clock.set(morning);
    },
  });

  estate.clock.set(new Date("2026-11-23T19:59:00Z"));
  // Four chunks, and two at most are under way at once.
  const batch = await batches.upload(makeDeviceCsrs(3_001));
  await until(async () => (await statusOf(batch)) !== "parsing");
  expect(await statusOf(batch)).toBe("paused");
  // Whoever waits for an answer is served at any time, after the batch came and before it.
  const single = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1), {
    channel: "portal-single",
  });
  await until(
    async () => (await estate.database.read((tx) => findBatch(tx, operator, single))).status === "completed",
  );
  expect(await batches.standing(batch)).toMatchObject({ status: "paused", begunChunks: 0 });

  estate.clock.set(new Date("2026-11-23T20:01:00Z"));
  await until(async () => estate.clock.read() >= morning);
  await until(async () => (await batches.standing(batch)).lastFinishedAt !== undefined);
  // A worker looks each second: it has seen the shut window by then, more than once.
  await sleep(2_500);
  const paused = await batches.standing(batch);
  expect(paused.status).toBe("paused");
  expect(paused.openChunks).toBeGreaterThanOrEqual(2);
  expect(paused.openChunks).toBeLessThan(4);
  // What was begun is finished: no chunk is left in the middle for the day.
  expect(paused.begunChunks + paused.openChunks).toBe(4);

  estate.clock.set(new Date("2026-11-24T19:59:59Z"));
  await sleep(1_500);
  expect((await batches.standing(batch)).openChunks).toBe(paused.openChunks);
  estate.clock.set(new Date("2026-11-24T20:00:00Z"));
  await until(async () => (await statusOf(batch)) === "completed");
  const results = await batches.results(batch);
  expect(results.filter(({ outcome }) => outcome.status === "issued")).toHaveLength(3_001);
});

describe("in turn:", () => {
  const open = async (single = false, isShut = false) => {
    const look = { limit: 64, single, isShut, without: [], aside: [] };
    return (await estate.database.read((tx) => selectOpenChunks(tx, look))).map(({ id }) => id);
  };

  test("batches stand in the order of their release, and single CSRs before them", async () => {
    const counter = batchCounter(estate, { ...publishedWindow, approval: byPerson.approval });
    const first = await counter.upload(makeDeviceCsrs(1_001));
    const second = await counter.upload(makeDeviceCsrs(1));
    const person = localOperator("second");
    for (const batch of [second, first]) {
      estate.clock.advance(10);
      const at = estate.clock.read();
      await estate.database.transaction((tx) => approveBatch(tx, person, batch, undefined, at));
      await counter.parse(batch);
    }
    const single = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    const chunks = async (...of: number[]) => (await Promise.all(of.map(estate.chunksOf))).flat();
    expect(await open()).toEqual(await chunks(second, first, single));
    // A batch of one is a batch.
    expect(await open(true)).toEqual(await chunks(single));
    expect(await open(false, true)).toEqual(await chunks(single));
  });

  test("a chunk that is held keeps no batch from its turn, and none that is not released has one", async () => {
    const first = await batches.upload(makeDeviceCsrs(1));
    const second = await batches.upload(makeDeviceCsrs(1));
    await batches.upload(makeDeviceCsrs(1));
    await batches.parse(first);
    await batches.parse(second);
    const [held = 0] = await estate.chunksOf(first);
    await estate.database.transaction((tx) => holdChunk(tx, held, undefined, estate.clock.read()));
    expect(await open()).toEqual(await estate.chunksOf(second));
  });
});

test("a batch that two workers check at once is released once", async () => {
  const batch = await batches.upload(makeDeviceCsrs(3));
  const results: string[] = [];
  const slow = {
    ...batches.desk,
    afterParsingStep: async (step: ParsingStep) => {
      if (step === "hashed") results.push(await batches.parse(batch));
    },
  };
  results.push(await parseBatch(slow, batch));
  expect(results).toEqual(["released", "gone"]);
  const acts = await estate.actsOf("requests.released");
  expect(acts.filter(({ subject }) => subject["batch"] === batch)).toHaveLength(1);
});
