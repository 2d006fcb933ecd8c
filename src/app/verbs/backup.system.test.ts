import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../database/testkit.ts";
import {
  credentialOf,
  enrolParties,
  foundedEstate,
  type UpService,
  up,
} from "../processes/testkit/estates.ts";
import { clientOf, type HttpsClient } from "../processes/testkit/https-client.ts";
import { fetchBatch, issueDevice, keysOfMeters, submitBatch } from "../processes/testkit/requests.ts";
import { cleanUp, smki, temporaryFolder, until, untilNothingRunsOn } from "../processes/testkit/smki.ts";

interface RestoreAnswer {
  readonly holds: boolean;
  readonly isSuccessor: boolean;
  readonly loss: { readonly verdict: string; readonly from: number; readonly to: number };
}

const databases: (() => Promise<void>)[] = [];
afterAll(async () => {
  await cleanUp();
  for (const drop of databases) await drop();
});

/** An external PostgreSQL without tables. */
async function emptyDatabase(): Promise<string> {
  const { database, connectionString, drop } = await testDatabase(1);
  await database.transaction((tx) => sql`drop schema public cascade`.execute(tx));
  await database.transaction((tx) => sql`create schema public`.execute(tx));
  databases.push(drop);
  return connectionString;
}

/** Runs a verb that must succeed. @returns its answer */
async function answerOf<Answer>(words: readonly string[], env = {}): Promise<Answer> {
  const { status, stdout, stderr } = await smki([...words, "--json"], { env });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

async function end(service: UpService): Promise<void> {
  service.interrupt();
  await service.ended;
  await untilNothingRunsOn(service.data);
}

/** The credential of the sample manufacturer, which lies where it was enrolled. */
let enrolled = "";
const clientAt = (service: UpService): HttpsClient =>
  clientOf(service, credentialOf(enrolled, "SMPM", "device"));

/** The back-up of an estate with Parties that was stopped: planned, with nothing lost. */
let planned = "";
beforeAll(async () => {
  const service = await up(await foundedEstate());
  enrolled = service.data;
  await enrolParties(service);
  await end(service);
  planned = join(temporaryFolder(), "planned");
  await answerOf(["backup", planned, "--data", enrolled]);
});

describe.each(["embedded", "external"] as const)("an estate with the %s database", (kind) => {
  const data = join(temporaryFolder(), "estate");
  let env: Record<string, string> = {};
  let service: UpService;

  test("is moved there by a back-up, with nothing lost and the same ledger", async () => {
    if (kind === "external") env = { DATABASE_URL: await emptyDatabase() };
    const restored = await answerOf<RestoreAnswer>(
      ["restore", planned, "--data", data, "--nothing-lost"],
      env,
    );
    expect(restored).toMatchObject({ holds: true, isSuccessor: false, loss: { verdict: "none" } });
    service = await up(data, { env });
    const client = clientAt(service);
    await issueDevice(client, 1);
    client.close();
  });

  test("is backed up while a batch is being issued; its disk dies; what was acknowledged is there again", async () => {
    const client = clientAt(service);
    const { serialNumber } = await issueDevice(client, 2);
    const csrs = keysOfMeters(100, 4_000).map(({ csr }) => csr);
    const batch = await submitBatch(client, csrs);
    const serialsOf = async (from: HttpsClient) =>
      (await fetchBatch(from, batch)).outcomes.flatMap((outcome) => outcome.serialNumber ?? []);
    // The load is on: some are acknowledged, most are not.
    const acknowledged = await until(async () => {
      const serials = await serialsOf(client);
      return serials.length > 0 ? serials : undefined;
    });
    const folder = join(temporaryFolder(), "under-load");
    await answerOf(["backup", folder, "--data", data], env);
    await answerOf(["backup", "check", folder]);
    // Handed in when the back-up was there already: lost for certain.
    const late = await submitBatch(
      client,
      keysOfMeters(10_000, 50).map(({ csr }) => csr),
    );
    const all = await until(async () => {
      const serials = await serialsOf(client);
      return serials.length === csrs.length ? serials : undefined;
    }, 90_000);
    expect((await fetchBatch(client, late)).requests).toBe(100);
    // Acts have their checkpoint within a second; the disk dies after that.
    await until(async () => {
      const { status } = await smki(["ledger", "verify", "--data", data, "--json"], { env });
      return status === 0 ? true : undefined;
    });
    const signerCheckpoint = join(temporaryFolder(), "last-checkpoint");
    await end(service);
    copyFileSync(join(data, "keys", "last-checkpoint"), signerCheckpoint);
    client.close();
    rmSync(data, { recursive: true });

    const again = kind === "external" ? { DATABASE_URL: await emptyDatabase() } : {};
    const restore = ["restore", folder, "--data", data, "--signer-checkpoint", signerCheckpoint];
    const refused = await smki([...restore, "--json"], { env: again });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("RESTORE_LOSES_ACTS");
    const restored = await answerOf<RestoreAnswer>([...restore, "--accept-loss"], again);
    expect(restored).toMatchObject({ holds: true, isSuccessor: true, loss: { verdict: "certain" } });
    expect(restored.loss.to).toBe(Number(readFileSync(signerCheckpoint, "utf8").split("\n")[1]));

    service = await up(data, { env: again });
    const after = clientAt(service);
    const found = async (serial: string) =>
      (await after.get(`/api/v1/certificates/${serial}`)).status === 200;
    for (const serial of [serialNumber, ...acknowledged.slice(0, 20)]) expect(await found(serial)).toBe(true);
    // What was not finished is issued now, under serial numbers that were never given out.
    const anew = await until(async () => {
      const serials = await serialsOf(after);
      return serials.length === csrs.length ? serials : undefined;
    }, 90_000);
    const kept = anew.filter((serial) => all.includes(serial));
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
    for (const serial of kept.slice(-20)) expect(await found(serial)).toBe(true);
    expect((await after.get(`/api/v1/batches/${String(late)}`)).status).toBe(404);
    await issueDevice(after, 3);
    after.close();
    await end(service);
    const report = await answerOf<{ holds: boolean }>(["ledger", "verify", "--data", data], again);
    expect(report.holds).toBe(true);
  });
});
