import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkBackup } from "../src/backup/check-backup.ts";
import { type EstateFiles, estateFiles } from "../src/backup/estate-files.ts";
import type { BackupTask, RestoreTask } from "../src/backup/testkit/backup-task.ts";
import { formatVerifierKey } from "../src/ledger/note.ts";
import { startVictim } from "./child.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import { checkRestored } from "./restored-check.ts";
import type { TortureServer } from "./server.ts";
import { anyMoment, type Strike } from "./strike.ts";
import { foundWorkingEstate, recoverAndCheck, underLoad, type WorkingEstate } from "./working-estate.ts";

const program = join(import.meta.dirname, "../src/backup/testkit/backup-process.ts");

/** An estate that is backed up while it works, and restored beside it. */
export interface BackupSite extends WorkingEstate {
  readonly place: string;
  readonly files: EstateFiles;
  count: number;
}

export async function foundBackupSite(server: TortureServer, name: string): Promise<BackupSite> {
  const context = await foundWorkingEstate(server, name);
  const { estate } = context;
  const files: EstateFiles = {
    ...estateFiles(estate.folder),
    lastCheckpoint: join(estate.folder, "last-checkpoint"),
  };
  writeFileSync(files.ledgerVerifierKey, `${formatVerifierKey(estate.ledger.verifier)}\n`);
  // Something to restore, and a list that must not be numbered again.
  await recoverAndCheck(context);
  return { ...context, place: mkdtempSync(join(tmpdir(), "smki-torture-backup-")), files, count: 0 };
}

export async function closeBackupSite({ estate, place }: BackupSite): Promise<void> {
  await estate.end();
  rmSync(place, { recursive: true, force: true });
}

const nextName = (site: BackupSite): string => {
  site.count += 1;
  return `number-${String(site.count)}`;
};

/** Kills a back-up under load; the next one of that name is whole. */
export async function killBackup(site: BackupSite, strike: Strike, random: Random): Promise<void> {
  const name = nextName(site);
  const folder = join(site.place, name);
  await underLoad(site, random, async () => {
    await killAt(backupTask(site, name), strike);
    // Whole, or not there.
    if (!existsSync(folder)) await expectDone(backupTask(site, name));
  });
  const { manifest } = await checkBackup(folder);
  if (existsSync(`${folder}.partial`)) throw new Error("a part of a back-up is left");
  if (manifest.ledger.size === 0) throw new Error("the back-up holds no leaf");
  rmSync(folder, { recursive: true });
  await recoverAndCheck(site);
}

/** Kills a restore of a back-up that was taken under load, restores again, and works with what is restored. */
export async function killRestore(site: BackupSite, strike: Strike, random: Random): Promise<void> {
  const name = nextName(site);
  await underLoad(site, random, () => expectDone(backupTask(site, name)));
  // Acts that the back-up lacks, and that somebody outside has seen.
  await recoverAndCheck(site);
  const restored = `${name}-restored`;
  const dataFolder = join(site.place, restored);
  const databaseUrl = await site.server.emptyDatabase(databaseNameOf(site, restored));
  const task = restoreTask(site, name, restored, databaseUrl);
  await killAt(task, strike);
  if (!existsSync(dataFolder)) await expectDone(task);
  await checkRestored(site, dataFolder, databaseUrl);
  for (const folder of [name, restored]) rmSync(join(site.place, folder), { recursive: true });
}

const databaseNameOf = ({ estate }: BackupSite, restored: string): string =>
  `${new URL(estate.connectionString).pathname.slice(1)}_${restored}`;

function backupTask({ estate, files, place }: BackupSite, name: string): BackupTask {
  return {
    task: "backup",
    connectionString: estate.connectionString,
    files,
    keyStores: { operational: estate.operationalStore, ceremony: estate.ceremonyStore },
    folder: join(place, name),
  };
}

function restoreTask(site: BackupSite, name: string, restored: string, databaseUrl: string): RestoreTask {
  const { estate, place, files } = site;
  const dataFolder = join(place, restored);
  const keyFileAt = (store: typeof estate.operationalStore) =>
    store.kind === "pkcs11" ? store : { ...store, file: join(dataFolder, "keys", `${store.purpose}.keys`) };
  return {
    task: "restore",
    backup: join(place, name),
    dataFolder,
    databaseUrl,
    environment: "test",
    keyStores: { operational: keyFileAt(estate.operationalStore), ceremony: keyFileAt(estate.ceremonyStore) },
    outside: outsideKnowledge(site.outside, files),
    acceptLoss: true,
  };
}

const outsideKnowledge = ({ checkpoints }: Outside, { lastCheckpoint }: EstateFiles) => ({
  signerCheckpoint: readFileSync(lastCheckpoint, "utf8"),
  checkpoints,
  nothingLost: false,
});

/** Kills the task after the step, or so long after its start. One that was too quick for that is done. */
async function killAt(task: BackupTask | RestoreTask, { point, delayMilliseconds }: Strike): Promise<void> {
  const isExact = point !== anyMoment;
  const victim = startVictim(program, isExact ? { ...task, killAfter: point.step } : task);
  if (!isExact) {
    await Promise.race([sleep(delayMilliseconds), victim.ended]);
    victim.process.kill("SIGKILL");
  }
  const { how, errors } = await victim.ended;
  if (how !== "SIGKILL" && (isExact || how !== "0"))
    throw new Error(`the ${task.task} ended by itself (${how}): ${errors}`);
}

async function expectDone(task: BackupTask | RestoreTask): Promise<void> {
  const { how, errors } = await startVictim(program, task).ended;
  if (how !== "0") throw new Error(`the ${task.task} failed (${how}): ${errors}`);
}
