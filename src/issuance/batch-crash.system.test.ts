import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours } from "../authorities/ceremony/estate.testkit.ts";
import { frame } from "../database/frames.ts";
import { localOperator } from "../registration/principal.ts";
import { approveBatch } from "./approve-batch.ts";
import { type BatchCounter, batchCounter, byPerson, named } from "./batches.testkit.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import { type IssuingEstate, issuingEstate, makeDeviceCsr, words } from "./issuance.testkit.ts";
import { approvedBatches, parsingSteps } from "./parse-batch.ts";
import { selectOpenChunks } from "./request-store.ts";
import { removeStaleUploads } from "./stale-uploads.ts";
import type { BatchTask } from "./testkit/batch-task.ts";
import { uploadSteps } from "./upload.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
let batches: BatchCounter;
beforeAll(async () => {
  estate = await issuingEstate({ released: 3 });
  batches = batchCounter(estate);
});
afterAll(() => estate.end());

/** More than one part, most of it quickly refused. */
const csrsOf = () => {
  const csrs: Buffer[] = Array.from({ length: 1_004 }, () => Buffer.from("no CSR"));
  for (const place of [0, 999, 1_000, 1_003]) csrs[place] = makeDeviceCsr();
  return csrs;
};
const decided = (issued: string) =>
  csrsOf().map((_, place) => ([0, 999, 1_000, 1_003].includes(place) ? issued : "CSR_MALFORMED"));
const person = localOperator("second");

async function killAt(task: Omit<BatchTask, "connectionString" | "now">): Promise<void> {
  const program = join(import.meta.dirname, "testkit", "batch-process.ts");
  const whole = {
    ...task,
    connectionString: estate.connectionString,
    now: estate.clock.read().toISOString(),
  };
  const child = spawn(process.execPath, [program, JSON.stringify(whole)], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  estate.clock.advance(1);
}

const newestBatch = async () => {
  const { rows } = await estate.database.read((tx) =>
    sql<{ id: number; stage: string }>`
      select id, stage from request_batch where channel = 'batched' order by id desc limit 1`.execute(tx),
  );
  return rows[0] ?? { id: 0, stage: "none" };
};

/** What workers do on any day: work on what is released, remove what nobody goes on with, check what is approved. */
async function goOn(): Promise<void> {
  // An upload lies there for a while before it is removed: by then nobody may have worked on it.
  await workOnReleased();
  estate.clock.advance(hours);
  await removeStaleUploads(estate.database, estate.clock.read());
  for (const batch of await approvedBatches(estate.database)) await batches.parse(batch);
  await workOnReleased();
}

async function workOnReleased(): Promise<void> {
  const look = { limit: 64, single: false, isShut: false, without: [], aside: [] };
  for (const { id } of await estate.database.read((tx) => selectOpenChunks(tx, look)))
    expect(await workChunk(estate.issuing(), id)).toBe("finished");
}

async function expectAnsweredOnce(batch: number, csrs: readonly Buffer[], expected: readonly string[]) {
  const results = await batches.results(batch);
  expect(results.map(({ clientId }) => clientId)).toEqual(named(csrs).map(({ clientId }) => clientId));
  expect(words(results.map(({ outcome }) => outcome))).toEqual(expected);
  await expectCertifiedOnce(estate);
}

describe.each(uploadSteps)("a web process killed with SIGKILL at %s of an upload", (step) => {
  const isReceived = step === "received";

  test(`leaves ${isReceived ? "a batch that is worked on" : "nothing that is ever worked on"}; sent again, each CSR is answered once`, async () => {
    const csrs = csrsOf();
    const file = join(estate.folder, `upload-${step}`);
    writeFileSync(file, frame(csrs));
    const before = await newestBatch();
    const receipts = (await estate.actsOf("requests.received")).length;
    await killAt({ by: estate.manufacturer, csrs: file, killAt: `upload:${step}` });
    const left = await newestBatch();
    const stages = { adding: "none", added: "uploading", receiving: "uploading", received: "approved" };
    expect(left.id === before.id ? "none" : left.stage).toBe(stages[step]);
    expect(await estate.actsOf("requests.received")).toHaveLength(receipts + (isReceived ? 1 : 0));

    await goOn();
    expect((await newestBatch()).id).toBe(isReceived ? left.id : before.id);
    if (isReceived) await expectAnsweredOnce(left.id, csrs, decided("issued"));
    // The client was told nothing, and sends it again.
    const again = await batches.upload(csrs);
    await goOn();
    await expectAnsweredOnce(again, csrs, decided(isReceived ? "KEY_ALREADY_CERTIFIED" : "issued"));
  });
});

describe.each(["approving", "approved"] as const)("a verb killed with SIGKILL at %s", (step) => {
  test("leaves a batch that is approved or not, and can be approved if it is not", async () => {
    const csrs = csrsOf();
    const batch = await batchCounter(estate, byPerson).upload(csrs);
    await killAt({ by: person, batch, killAt: `approve:${step}` });
    const acts = (await estate.actsOf("requests.approved")).filter(
      ({ subject }) => subject["batch"] === batch,
    );
    const isApproved = step === "approved";
    expect(acts).toHaveLength(isApproved ? 1 : 0);
    expect(await batches.standing(batch)).toMatchObject({ status: isApproved ? "parsing" : "pending" });
    const at = estate.clock.read();
    if (!isApproved)
      await estate.database.transaction((tx) => approveBatch(tx, person, batch, undefined, at));
    await goOn();
    await expectAnsweredOnce(batch, csrs, decided("issued"));
  });
});

describe.each(parsingSteps)("a worker killed with SIGKILL at %s of the check of a batch", (step) => {
  test("leaves a batch that is released once, and each of its CSRs answered once", async () => {
    const csrs = csrsOf();
    const batch = await batches.upload(csrs);
    await killAt({ by: person, batch, killAt: `parse:${step}` });
    expect(await batches.standing(batch)).toMatchObject({
      status: step === "released" ? "queued" : "parsing",
    });
    await goOn();
    await expectAnsweredOnce(batch, csrs, decided("issued"));
    const acts = await estate.actsOf("requests.released");
    expect(acts.filter(({ subject }) => subject["batch"] === batch)).toHaveLength(1);
  });
});

describe.each(["delivering", "delivered"] as const)("a web process killed with SIGKILL at %s", (step) => {
  test("leaves results that are fetched as if for the first time, or again", async () => {
    const csrs = csrsOf();
    const batch = await batches.upload(csrs);
    await goOn();
    await killAt({ by: person, batch, killAt: `deliver:${step}` });
    const { rows } = await estate.database.read((tx) =>
      sql<{ fetched: boolean }>`
        select first_fetched_at is not null as fetched from request_batch where id = ${batch}`.execute(tx),
    );
    expect(rows).toEqual([{ fetched: step === "delivered" }]);
    await expectAnsweredOnce(batch, csrs, decided("issued"));
  });
});
