// Run as a process of its own by the tests: works on chunks, and kills itself in the middle, as a power cut would.
import { deviceCap, issuingTerms } from "../../authorities/ceremony/terms.testkit.ts";
import { connect } from "../../database/connect.ts";
import { openSigner } from "../../keys/open.ts";
import { workTogether } from "../work-together.ts";
import type { IssueTask } from "./issue-task.ts";

const task = JSON.parse(process.argv[2] ?? "") as IssueTask;
const { connectionString } = task;
await workTogether(
  {
    database: connect({ connectionString }, { applicationName: "issue-process", poolSize: 2 }),
    signer: await openSigner(task.store),
    clock: () => new Date(task.now),
    terms: issuingTerms,
    deviceCap,
    clockToleranceSeconds: 5,
    afterStep: (step) => {
      if (step === task.killAfter) process.kill(process.pid, "SIGKILL");
    },
  },
  task.chunks,
);
