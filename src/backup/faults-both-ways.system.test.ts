import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultyDatabase } from "../database/testkit/faulty-database.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { makeDeviceCsrs } from "../issuance/issuance.testkit.ts";
import { type BackedUpEstate, backedUpEstate } from "./backup.testkit.ts";
import { checkBackup } from "./check-backup.ts";
import { restoreSteps } from "./restore.ts";
import { backupSteps } from "./take-backup.ts";

let estate: BackedUpEstate;
let outside: { signerCheckpoint: string; checkpoints: string[]; nothingLost: boolean };
beforeAll(async () => {
  estate = await backedUpEstate();
  await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(5));
  await estate.verify();
  outside = {
    signerCheckpoint: (await estate.ledger.lastCheckpoint()).note,
    checkpoints: [],
    nothingLost: false,
  };
  await estate.backup("whole");
});
afterAll(() => estate.end());

const failAt = (step: string) => (reached: string) => {
  if (reached === step) throw new SmkiError("DATABASE_UNAVAILABLE");
};
const failure = { code: "DATABASE_UNAVAILABLE" };

describe.each(backupSteps)("a back-up that fails at %s", (step) => {
  test("is whole or not there, and the next one of that name is whole", async () => {
    const name = `failed-${step}`;
    const folder = join(estate.place, name);
    await expect(estate.backup(name, { afterStep: failAt(step) })).rejects.toMatchObject(failure);
    expect(existsSync(folder)).toBe(step === "renamed");
    if (step !== "renamed") await estate.backup(name);
    expect((await checkBackup(folder)).manifest.ledger.size).toBeGreaterThan(0);
    expect(existsSync(`${folder}.partial`)).toBe(false);
  });
});

test("every read of a back-up fails once: nothing is there, and the next one is whole", async () => {
  let number = 1;
  for (; ; number += 1) {
    const { database } = faultyDatabase(estate.database, "read", number);
    const taken = estate.backup(`read-${String(number)}`, { database });
    const isTaken = await taken.then(
      () => true,
      () => false,
    );
    if (isTaken) break;
    await expect(taken).rejects.toMatchObject(failure);
    expect(existsSync(join(estate.place, `read-${String(number)}`))).toBe(false);
  }
  expect(number - 1).toBeGreaterThanOrEqual(1);
  await checkBackup(join(estate.place, `read-${String(number)}`));
});

describe.each(restoreSteps)("a restore that fails at %s", (step) => {
  test("is whole or not there, and the next one is whole", async () => {
    const name = `restored-${step}`;
    const databaseUrl = await estate.emptyDatabase();
    const order = { databaseUrl, outside };
    await expect(estate.restore(name, "whole", { ...order, afterStep: failAt(step) })).rejects.toMatchObject(
      failure,
    );
    if (step === "placed" || step === "finished") {
      expect(existsSync(join(estate.place, name))).toBe(true);
      return;
    }
    expect(existsSync(join(estate.place, name))).toBe(false);
    expect(await estate.restore(name, "whole", order)).toMatchObject({ report: { holds: true } });
  });
});
