import type { BackupOrder, BackupStep } from "../backup-order.ts";
import type { RestoreOrder, RestoreStep } from "../restore-order.ts";

/** A back-up to be taken by a process of its own, which kills itself after a step. Plain data. */
export interface BackupTask
  extends Pick<BackupOrder, "connectionString" | "files" | "keyStores" | "settingsFile" | "folder"> {
  readonly task: "backup";
  readonly killAfter?: BackupStep;
}

/** A restore to be made by a process of its own, which kills itself after a step. Plain data. */
export interface RestoreTask
  extends Omit<RestoreOrder, "clock" | "onStep" | "onTable" | "afterStep" | "by" | "stockSize"> {
  readonly task: "restore";
  readonly killAfter?: RestoreStep;
}
