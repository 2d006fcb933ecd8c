import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { type IssuingStep, issuingSteps } from "../authorities/issuing/issue.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  words,
} from "./issuance.testkit.ts";
import type { IssueTask } from "./testkit/issue-task.ts";
import { workChunk } from "./work-chunk.ts";

/** Inside a transaction: a process that is dead holds its locks no more, and one that only stands still would. */
const beforeCommit: readonly IssuingStep[] = ["recording", "publishing"];
/** Before the commit of `record` nothing has a serial number. */
const unrecorded: readonly IssuingStep[] = ["intend", "recording"];

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

/** What must hold after any crash: each certified once, under a serial number of its own, and the record agrees. */
async function expectIssuedOnce(batchId: number, expected: readonly string[]): Promise<void> {
  const outcomes = await estate.outcomes(batchId);
  expect(words(outcomes)).toEqual(expected);
  const serialNumbers = issuedSerialNumbers(outcomes);
  expect(new Set(serialNumbers).size).toBe(serialNumbers.length);
  await expectCertifiedOnce(estate);
}

const batch = () => [...makeDeviceCsrs(3), Buffer.from("no CSR"), makeDeviceCsr()];
const decided = ["issued", "issued", "issued", "CSR_MALFORMED", "issued"];

describe.each(issuingSteps.filter((step) => !beforeCommit.includes(step)))(
  "a worker that stops after %s",
  (step) => {
    test("leaves a chunk that another finishes, with nothing issued twice", async () => {
      const batchId = await estate.submit(estate.manufacturer, "device", batch());
      const { reserved } = await estate.authority("issuing-dca/0001");
      const stop = (done: IssuingStep) => {
        if (done === step) throw new Error("the lights went out");
      };
      const [chunk = 0] = await estate.chunksOf(batchId);
      // What it throws is no fault of the chunk: the process is gone, and holds nothing any more.
      await expect(crash(chunk, stop)).rejects.toThrow("the lights went out");
      const serialsBefore = await intendedSerialNumbers(chunk);
      expect(serialsBefore).toHaveLength(unrecorded.includes(step) ? 0 : 4);

      estate.clock.advance(seconds);
      expect(await estate.work(batchId)).toEqual(["finished"]);
      await expectIssuedOnce(batchId, decided);
      if (!unrecorded.includes(step))
        expect(issuedSerialNumbers(await estate.outcomes(batchId))).toEqual(serialsBefore);
      expect((await estate.authority("issuing-dca/0001")).reserved).toBe(reserved + 4);
      expect(await estate.actsOf("chunk.held")).toEqual([]);
    });
  },
);

describe.each(issuingSteps)("a worker killed with SIGKILL at %s", (step) => {
  test("leaves a chunk that another finishes, with nothing issued twice", async () => {
    const batchId = await estate.submit(estate.manufacturer, "device", batch());
    const [chunk = 0] = await estate.chunksOf(batchId);
    const task: IssueTask = {
      connectionString: estate.connectionString,
      store: estate.operationalStore,
      chunks: [chunk],
      now: estate.clock.read().toISOString(),
      killAfter: step,
    };
    const program = join(import.meta.dirname, "testkit", "issue-process.ts");
    const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: "inherit" });
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    const serialsBefore = await intendedSerialNumbers(chunk);
    expect(await estate.work(batchId)).toEqual(["finished"]);
    await expectIssuedOnce(batchId, decided);
    if (!unrecorded.includes(step))
      expect(issuedSerialNumbers(await estate.outcomes(batchId))).toEqual(serialsBefore);
  });
});

/** Works a chunk whose worker ends in the middle: an error of the hook goes on up as a death would. */
async function crash(chunk: number, afterStep: (step: IssuingStep) => void): Promise<void> {
  const died = Promise.withResolvers<never>();
  const authority = estate.issuing({
    afterStep: (step) => {
      try {
        afterStep(step);
        return;
      } catch (error) {
        died.reject(error);
        // A dead process does nothing more.
        return new Promise<never>(() => undefined);
      }
    },
  });
  await Promise.race([workChunk(authority, chunk), died.promise]);
}

async function intendedSerialNumbers(chunk: number): Promise<string[]> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ serial: string }>`
      select encode(key.serial_number, 'hex') as serial
      from issuing_intent intent, certified_key key
      where intent.chunk_id = ${chunk}
        and position(key.serial_number in intent.to_be_signed) > 0
      order by position(key.serial_number in intent.to_be_signed)`.execute(tx),
  );
  return rows.map(({ serial }) => serial);
}

test("two workers on one chunk at once issue it once: the overtaken one writes nothing", async () => {
  for (let round = 0; round < 5; round += 1) {
    const batchId = await estate.submit(estate.manufacturer, "device", batch());
    const [chunk = 0] = await estate.chunksOf(batchId);
    const results = await Promise.allSettled([
      workChunk(estate.issuing(), chunk),
      workChunk(estate.issuing(), chunk),
      workChunk(estate.issuing(), chunk),
    ]);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CHUNK_TAKEN_OVER" });
    expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
    await expectIssuedOnce(batchId, decided);
  }
});

test("a worker that was overtaken between compare and publish does not undo what the other published", async () => {
  const batchId = await estate.submit(estate.manufacturer, "device", batch());
  const [chunk = 0] = await estate.chunksOf(batchId);
  let overtaken = false;
  const slow = estate.issuing({
    afterStep: async (step) => {
      if (step !== "compare" || overtaken) return;
      overtaken = true;
      await workChunk(estate.issuing(), chunk);
    },
  });
  await workChunk(slow, chunk);
  expect(overtaken).toBe(true);
  await expectIssuedOnce(batchId, decided);
});
