import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../database/connect.ts";
import { makeDeviceCsrs } from "../issuance/issuance.testkit.ts";
import { type BackedUpEstate, backedUpEstate, runTask } from "./backup.testkit.ts";
import { checkBackup } from "./check-backup.ts";
import { copyFiles } from "./copy-files.ts";
import { restoreSteps } from "./restore.ts";
import { finishRestore, placedRestore, preparationFolder } from "./restore-target.ts";
import { backupSteps } from "./take-backup.ts";

const killed = [null, "SIGKILL"];

let estate: BackedUpEstate;
let outside: { signerCheckpoint: string; checkpoints: string[]; nothingLost: boolean };
beforeAll(async () => {
  estate = await backedUpEstate();
  await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(20));
  await estate.verify();
  const { note } = await estate.ledger.lastCheckpoint();
  outside = { signerCheckpoint: note, checkpoints: [], nothingLost: false };
  await estate.backup("whole");
});
afterAll(() => estate.end());

describe.each(backupSteps)("a back-up that is killed after %s", (step) => {
  test("leaves a whole one or none, and the next one of that name is whole", async () => {
    const name = `killed-${step}`;
    const folder = join(estate.place, name);
    expect(await runTask(estate.backupTask(name, { killAfter: step }))).toEqual(killed);
    expect(existsSync(folder)).toBe(step === "renamed");
    if (step !== "renamed") {
      // After the manifest it is whole but for its name: reading it would do no harm.
      if (step !== "manifest")
        await expect(checkBackup(`${folder}.partial`)).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
      expect(await runTask(estate.backupTask(name))).toEqual([0, null]);
    }
    expect((await checkBackup(folder)).manifest.ledger.size).toBeGreaterThan(0);
    expect(existsSync(`${folder}.partial`)).toBe(false);
  });
});

test("a back-up to a place that cannot be written says so, and never replaces another", async () => {
  const inFile = estate.backup("whole/manifest.json/inside");
  await expect(inFile).rejects.toMatchObject({ code: "BACKUP_NOT_WRITTEN" });
  await expect(estate.backup("whole")).rejects.toMatchObject({ code: "BACKUP_FOLDER_EXISTS" });
});

test("a back-up that cannot go on leaves nothing on the disk that was full", async () => {
  const isFull = (step: string) => {
    if (step === "keys") throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  };
  await expect(estate.backup("full", { afterStep: isFull })).rejects.toMatchObject({
    code: "BACKUP_NOT_WRITTEN",
  });
  expect(readdirSync(estate.place).filter((name) => name.startsWith("full"))).toEqual([]);
});

test("a second back-up, of the same name too, waits for nothing and harms none", async () => {
  let second: unknown;
  const { folder } = await estate.backup("at-once", {
    afterStep: async (step) => {
      if (step === "tables") second = await estate.backup("at-once").catch((error: unknown) => error);
    },
  });
  expect(second).toMatchObject({ code: "BACKUP_UNDER_WAY" });
  await checkBackup(folder);
});

test("a file that goes while others are copied is left out", async () => {
  const archive = join(estate.files.archive, "000001");
  mkdirSync(archive, { recursive: true });
  for (const name of ["manifest.json", "records.ndjson.zst"]) writeFileSync(join(archive, name), "x");
  const copying = copyFiles({ files: estate.files }, join(estate.place, "gone"), "test");
  rmSync(join(archive, "manifest.json"));
  const paths = (await copying).map(({ path }) => path);
  rmSync(archive, { recursive: true });
  expect(paths.filter((path) => path.includes("archive"))).toEqual([
    "files/archive/000001/records.ndjson.zst",
  ]);
});

const placedAt = restoreSteps.indexOf("placed");

describe.each([...restoreSteps.entries()])("a restore, step %i, that is killed after %s", (index, step) => {
  test("into an external database: nothing starts on what it leaves, and the next one begins anew", async () => {
    const name = `external-${step}`;
    const dataFolder = join(estate.place, name);
    const databaseUrl = await estate.emptyDatabase();
    const task = estate.restoreTask(name, "whole", { databaseUrl, outside });
    expect(await runTask({ ...task, killAfter: step })).toEqual(killed);
    const isPlaced = index >= placedAt;
    expect(existsSync(dataFolder)).toBe(isPlaced);
    const database = connect({ connectionString: databaseUrl }, { applicationName: "test", poolSize: 2 });
    try {
      // What every process of a service asks before anything else.
      const opening = finishRestore(database, placedRestore(dataFolder));
      if (isPlaced || step === "checked" || step === "prepared" || step === "files") await opening;
      else await expect(opening).rejects.toMatchObject({ code: "RESTORE_UNFINISHED" });
    } finally {
      await database.close();
    }
    if (isPlaced) {
      expect(await runTask(task)).toEqual([1, null]);
      return;
    }
    const restored = await estate.restore(name, "whole", { databaseUrl, outside });
    expect(restored).toMatchObject({ report: { holds: true }, ledger: { isSuccessor: false } });
    expect(existsSync(preparationFolder(dataFolder))).toBe(false);
  });
});

describe.each(["database", "loaded", "closed", "placed"] as const)(
  "a restore with a database of its own that is killed after %s",
  (step) => {
    test("leaves no data folder, or one that is whole; the next one clears what it left", async () => {
      const name = `embedded-${step}`;
      const dataFolder = join(estate.place, name);
      const task = estate.restoreTask(name, "whole", { outside });
      expect(await runTask({ ...task, killAfter: step })).toEqual(killed);
      expect(existsSync(dataFolder)).toBe(step === "placed");
      if (step !== "placed") await estate.restore(name, "whole", { outside });
      const database = await estate.open(name);
      const { size } = (await checkBackup(join(estate.place, "whole"))).manifest.ledger;
      const { rows } = await database.read((tx) =>
        sql<{ size: number }>`select count(*) as size from ledger_entry`.execute(tx),
      );
      expect(rows[0]?.size).toBe(size);
      expect(readdirSync(dataFolder)).toContain("ledger-verifier-key.txt");
      expect(readFileSync(join(dataFolder, "keys", "last-checkpoint"), "utf8")).toBe(
        outside.signerCheckpoint,
      );
    });
  },
);
