import { type RestoreStep, restoreSteps } from "../../src/backup/restore.ts";
import { type BackupStep, backupSteps } from "../../src/backup/take-backup.ts";
import { closeBackupSite, foundBackupSite, killBackup, killRestore } from "../backup-site.ts";
import type { Side } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";

const sidesOfBackup: Record<BackupStep, Side> = {
  begun: "between",
  checkpoint: "between",
  snapshot: "between",
  tables: "between",
  keys: "between",
  files: "between",
  manifest: "before",
  renamed: "after",
};

const sidesOfRestore: Record<RestoreStep, Side> = {
  checked: "between",
  prepared: "between",
  files: "between",
  database: "between",
  loaded: "between",
  migrated: "between",
  ledger: "between",
  verified: "between",
  closed: "before",
  placed: "after",
  finished: "after",
};

/** Back-ups of an estate that works meanwhile. What commits one is the rename of its folder. */
export const backup = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "backup",
  points: pointsOf(backupSteps, sidesOfBackup),
  weapons: ["process"],
  found: async () => {
    const site = await foundBackupSite(server, nextName());
    return {
      kill: (strike, random) => killBackup(site, strike, random),
      close: () => closeBackupSite(site),
    };
  },
});

/** Restores of such back-ups, into a database of their own. */
export const restore = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "restore",
  points: pointsOf(restoreSteps, sidesOfRestore),
  weapons: ["process"],
  found: async () => {
    const site = await foundBackupSite(server, nextName());
    return {
      kill: (strike, random) => killRestore(site, strike, random),
      close: () => closeBackupSite(site),
    };
  },
});
