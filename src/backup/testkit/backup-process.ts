// Run as a process of its own by tests: takes a back-up or restores one, and kills itself after a step without warning.
import { flushCompileCache } from "node:module";
import { connect } from "../../database/connect.ts";
import { systemClock } from "../../time/clock.ts";
import { restore } from "../restore.ts";
import { takeBackup } from "../take-backup.ts";
import type { BackupTask, RestoreTask } from "./backup-task.ts";

flushCompileCache();
const task = JSON.parse(process.argv[2] ?? "") as BackupTask | RestoreTask;
const afterStep = (step: string) => {
  if (step === task.killAfter) process.kill(process.pid, "SIGKILL");
};
if (task.task === "backup") {
  const { connectionString } = task;
  const database = connect({ connectionString }, { applicationName: "backup-process", poolSize: 2 });
  await takeBackup({ ...task, database, clock: systemClock, software: "a test", afterStep });
  await database.close();
} else {
  await restore({ ...task, clock: systemClock, by: "operator:test", stockSize: 3, afterStep });
}
