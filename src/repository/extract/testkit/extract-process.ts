// Run as a process of its own by the tests: makes an extract, and kills itself in the middle, as a power cut would.
import { connect } from "../../../database/connect.ts";
import { makeExtracts } from "../make-extract.ts";
import type { ExtractTask } from "./extract-task.ts";

const { connectionString, folder, now, kind, partSize, killAfter } = JSON.parse(
  process.argv[2] ?? "",
) as ExtractTask;
const database = connect({ connectionString }, { applicationName: "extract-process", poolSize: 2 });
const kill = () => process.kill(process.pid, "SIGKILL");
let seen = 0;
await makeExtracts(
  {
    database,
    connectionString,
    clock: () => new Date(now),
    folder,
    quorum: 0,
    by: "test",
    partSize,
    afterStep: (step) => {
      if (killAfter.milliseconds !== undefined && step === "begun") setTimeout(kill, killAfter.milliseconds);
      if (step !== killAfter.step) return;
      seen += 1;
      if (seen === killAfter.times) kill();
    },
  },
  kind,
);
await database.close();
