import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restore } from "../../backup/restore.ts";
import { takeBackup } from "../../backup/take-backup.ts";
import { connect } from "../../database/connect.ts";
import { startEmbeddedServer } from "../../database/embedded/server.ts";
import { systemClock } from "../../time/clock.ts";
import { settingsOf } from "../verbs/estate-options.ts";
import { namedStores } from "./key-stores.ts";
import { estatePaths } from "./paths.ts";
import { type ReleaseSnapshot, restoreRelease } from "./release-snapshot.testkit.ts";

const releases = join(import.meta.dirname, "../../../test-data/releases");
const kept = readdirSync(releases).filter((name) => name.endsWith(".json.gz"));

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "smki-last-release-"));
});
afterEach(() => {
  rmSync(place, { recursive: true, force: true });
});

test.each(kept)("A back-up of %s is restored and brought to this release", async (name) => {
  const snapshot = JSON.parse(gunzipSync(readFileSync(join(releases, name))).toString()) as ReleaseSnapshot;
  const [old, backup, data] = [join(place, "old"), join(place, "backup"), join(place, "data")];
  await restoreRelease(snapshot, old);
  const paths = estatePaths(old);
  const server = await startEmbeddedServer({ dataFolder: old });
  const database = connect(server, { applicationName: "test", poolSize: 4 });
  const { manifest } = await takeBackup({
    database,
    connectionString: server.connectionString,
    clock: systemClock,
    files: paths,
    keyStores: namedStores(settingsOf({ data: old }), paths),
    software: "an earlier release",
    folder: backup,
  });
  await database.close();
  await server.stop();

  const steps: string[] = [];
  const restored = await restore({
    backup,
    dataFolder: data,
    environment: "test",
    keyStores: settingsOf({ data }).keys,
    outside: { checkpoints: [], nothingLost: true },
    acceptLoss: false,
    by: "operator:test",
    clock: systemClock,
    stockSize: 3,
    onStep: (step) => steps.push(step),
  });
  expect(restored).toMatchObject({ report: { holds: true }, ledger: { isSuccessor: false } });
  // Those that came after it, and none where the newest release is still the same.
  const migrations = readdirSync(join(import.meta.dirname, "../../database/migrations")).sort();
  const [next] = migrations.slice(manifest.migrations.length);
  const brought = steps.filter((step) => step.includes("brought to this release"));
  expect(brought.length).toBe(next === undefined ? 0 : 1);
  if (next !== undefined) expect(brought[0]).toContain(`brought to this release: ${next.slice(0, 4)}`);
});
