import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databaseFaults, faultyDatabase } from "../database/testkit/faulty-database.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { type BatchCounter, batchCounter, named } from "./batches.testkit.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import { type IssuingEstate, issuingEstate, makeDeviceCsr, words } from "./issuance.testkit.ts";
import { parseBatch } from "./parse-batch.ts";
import { removeStaleUploads } from "./stale-uploads.ts";
import { receiveUpload } from "./upload.ts";

let estate: IssuingEstate;
let batches: BatchCounter;
beforeAll(async () => {
  estate = await issuingEstate();
  batches = batchCounter(estate);
});
afterAll(() => estate.end());

/** Two parts, nearly all of it quickly refused. */
const csrsOf = () => [
  makeDeviceCsr(),
  ...Array.from({ length: 1_000 }, () => Buffer.from("no CSR")),
  makeDeviceCsr(),
];
const outcomesOf = async (batch: number) =>
  [...new Set(words((await batches.results(batch)).map(({ outcome }) => outcome)))].toSorted();
const batchesAfter = async (last: number) => {
  const { rows } = await estate.database.read((tx) =>
    sql<{
      id: number;
      stage: string;
    }>`select id, stage from request_batch where id > ${last} order by id`.execute(tx),
  );
  return rows;
};

/** Works on a batch that stands approved, as workers would. */
async function finish(batch: number): Promise<void> {
  expect(await batches.parse(batch)).toBe("released");
  expect(new Set(await estate.work(batch))).toEqual(new Set(["finished"]));
}

const unavailable = (error: unknown): undefined => {
  expect(isSmkiError(error, "DATABASE_UNAVAILABLE")).toBe(true);
};

test.each(databaseFaults)(
  "every %s of an upload fails once, each in a run of its own: nothing is left half, and sent again each CSR is answered once",
  async (fault) => {
    let number = 1;
    for (; ; number += 1) {
      const csrs = csrsOf();
      const [newest] = (await batchesAfter(0)).slice(-1);
      const { database, hasFailed } = faultyDatabase(estate.database, fault, number);
      const order = { channel: "portal-batch", reference: "faulty" } as const;
      const desk = { ...batches.desk, database };
      const received = await receiveUpload(desk, estate.manufacturer, order, named(csrs)).catch(unavailable);
      expect(received === undefined).toBe(hasFailed());
      // A part whose commit took place and was told as failed is known to nobody: the job finds it.
      estate.clock.advance(1);
      await removeStaleUploads(estate.database, estate.clock.read());
      const left = await batchesAfter(newest?.id ?? 0);
      expect(left.length).toBeLessThanOrEqual(1);
      for (const { id, stage } of left) {
        expect(stage).toBe("approved");
        await finish(id);
        expect(await outcomesOf(id)).toEqual(["CSR_MALFORMED", "issued"]);
      }
      if (!hasFailed()) break;
      const again = await batches.upload(csrs);
      await finish(again);
      expect(await outcomesOf(again)).toEqual([
        "CSR_MALFORMED",
        left.length === 0 ? "issued" : "KEY_ALREADY_CERTIFIED",
      ]);
    }
    // Two transactions: the first part, and the rest with the receipt. Of reading there is nothing.
    expect(number - 1).toBeGreaterThanOrEqual(fault === "read" ? 0 : 2);
    await expectCertifiedOnce(estate);
  },
);

test.each(databaseFaults)(
  "every %s of the check of a batch fails once, each in a run of its own: the next releases it, once",
  async (fault) => {
    let number = 1;
    for (; ; number += 1) {
      const batch = await batches.upload([makeDeviceCsr(), Buffer.from("no CSR")]);
      const { database, hasFailed } = faultyDatabase(estate.database, fault, number);
      const first = await parseBatch({ ...batches.desk, database }, batch).catch(unavailable);
      expect(first).toBe(hasFailed() ? undefined : "released");
      expect(["released", "gone"]).toContain(await batches.parse(batch));
      await estate.work(batch);
      expect(await outcomesOf(batch)).toEqual(["CSR_MALFORMED", "issued"]);
      const released = (await estate.actsOf("requests.released")).filter(
        ({ subject }) => subject["batch"] === batch,
      );
      expect(released).toHaveLength(1);
      if (!hasFailed()) break;
    }
    expect(number - 1).toBeGreaterThanOrEqual(1);
    await expectCertifiedOnce(estate);
  },
);
