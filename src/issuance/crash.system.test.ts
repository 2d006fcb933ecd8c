import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import type { IssuingStep } from "../authorities/issuing/issue.ts";
import type { Database } from "../database/connect.ts";
import { SmkiError } from "../errors/smki-error.ts";
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

const steps = ["intend", "record", "sign", "compare", "publish"] as const satisfies readonly IssuingStep[];

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
  const { rows } = await estate.database.read((tx) =>
    sql<{ certificates: number; keys: number; distinct_keys: number; open: number }>`
      select (select count(*) from certificate where kind = 'device') as certificates,
             (select count(*) from certified_key key join certificate using (serial_number)
              where kind = 'device') as keys,
             (select count(*) from certified_key) as distinct_keys,
             (select count(*) from issuing_intent where published_at is null) as open`.execute(tx),
  );
  const [counts] = rows;
  expect(counts?.keys).toBe(counts?.certificates);
  expect(counts?.open).toBe(0);
  const report = await estate.verify();
  expect(report).toMatchObject({ holds: true, openEntries: 0, findingCount: 0 });
}

const batch = () => [...makeDeviceCsrs(3), Buffer.from("no CSR"), makeDeviceCsr()];
const decided = ["issued", "issued", "issued", "CSR_MALFORMED", "issued"];

describe.each(steps)("a worker that stops after %s", (step) => {
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
    expect(serialsBefore).toHaveLength(step === "intend" ? 0 : 4);

    estate.clock.advance(seconds);
    expect(await estate.work(batchId)).toEqual(["finished"]);
    await expectIssuedOnce(batchId, decided);
    if (step !== "intend") expect(issuedSerialNumbers(await estate.outcomes(batchId))).toEqual(serialsBefore);
    expect((await estate.authority("issuing-dca/0001")).reserved).toBe(reserved + 4);
    expect(await estate.actsOf("chunk.held")).toEqual([]);
  });

  test("by SIGKILL, in a process of its own, does so too", async () => {
    const batchId = await estate.submit(estate.manufacturer, "device", batch());
    const [chunk = 0] = await estate.chunksOf(batchId);
    const task: IssueTask = {
      connectionString: estate.connectionString,
      store: estate.operationalStore,
      chunk,
      now: estate.clock.read().toISOString(),
      killAfter: step,
    };
    const program = join(import.meta.dirname, "testkit", "issue-process.ts");
    const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: "inherit" });
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    const serialsBefore = await intendedSerialNumbers(chunk);
    expect(await estate.work(batchId)).toEqual(["finished"]);
    await expectIssuedOnce(batchId, decided);
    if (step !== "intend") expect(issuedSerialNumbers(await estate.outcomes(batchId))).toEqual(serialsBefore);
  });
});

describe.each([
  ["record", 1],
  ["publish", 2],
] as const)("a worker that stops in the transaction of %s, before its commit,", (_, number) => {
  test("leaves nothing of that transaction; another finishes", async () => {
    const batchId = await estate.submit(estate.manufacturer, "device", batch());
    const [chunk = 0] = await estate.chunksOf(batchId);
    const before = await estate.authority("issuing-dca/0001");
    let transactions = 0;
    const database: Database = {
      ...estate.database,
      transaction: (work, options) =>
        estate.database.transaction(async (tx) => {
          const result = await work(tx);
          transactions += 1;
          if (transactions === number) throw new SmkiError("DATABASE_UNAVAILABLE");
          return result;
        }, options),
    };
    await expect(workChunk(estate.issuing({ database }), chunk)).rejects.toMatchObject({
      code: "DATABASE_UNAVAILABLE",
    });
    const recorded = number === 1 ? 0 : 4;
    expect(await intendedSerialNumbers(chunk)).toHaveLength(recorded);
    expect((await estate.authority("issuing-dca/0001")).reserved).toBe(before.reserved + recorded);
    expect(words(await estate.outcomes(batchId)).filter((word) => word === "issued")).toEqual([]);
    expect(await estate.work(batchId)).toEqual(["finished"]);
    await expectIssuedOnce(batchId, decided);
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
