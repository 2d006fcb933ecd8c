// Run as a process of its own by the tests: takes a Batched CSR one step on, and kills itself there, as a power cut would.
import { readFileSync } from "node:fs";
import { connect } from "../../database/connect.ts";
import { unframe } from "../../database/frames.ts";
import { approveBatch } from "../approve-batch.ts";
import { recordDelivery } from "../batch-status.ts";
import { batchTerms, named } from "../batches.testkit.ts";
import { parseBatch } from "../parse-batch.ts";
import { receiveUpload } from "../upload.ts";
import type { BatchStep, BatchTask } from "./batch-task.ts";

const task = JSON.parse(process.argv[2] ?? "") as BatchTask;
const { connectionString, by, batch = 0 } = task;
const database = connect({ connectionString }, { applicationName: "batch-process", poolSize: 2 });
const now = new Date(task.now);
const clock = () => now;
const reach = (step: BatchStep): void => {
  if (step === task.killAt) process.kill(process.pid, "SIGKILL");
};

if (task.csrs !== undefined)
  await receiveUpload(
    {
      database,
      clock,
      terms: { ...batchTerms, approval: task.approval ?? "rule" },
      afterStep: (step) => {
        reach(`upload:${step}`);
      },
    },
    by,
    { channel: "batched", reference: "killed" },
    named(unframe(readFileSync(task.csrs))),
  );
if (task.killAt.startsWith("approve:")) {
  await database.transaction(async (tx) => {
    await approveBatch(tx, by, batch, undefined, now);
    reach("approve:approving");
  });
  reach("approve:approved");
}
if (task.killAt.startsWith("parse:"))
  await parseBatch(
    {
      database,
      clock,
      afterParsingStep: (step) => {
        reach(`parse:${step}`);
      },
    },
    batch,
  );
if (task.killAt.startsWith("deliver:")) {
  await database.transaction(async (tx) => {
    await recordDelivery(tx, batch, now);
    reach("deliver:delivering");
  });
  reach("deliver:delivered");
}
