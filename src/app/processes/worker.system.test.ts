import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useModule } from "../../keys/pkcs11/module.ts";
import { makeToken, softHsmModule, type TokenFixture } from "../../keys/testkit/softhsm-store.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { loadSettings } from "../../settings/load.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { openLedgerSigner, openOperationalSigner } from "../estate/key-stores.ts";
import { KeyWatch } from "./key-watch.ts";
import { createLog } from "./log.ts";
import { publishDueLists } from "./publish-lists.ts";
import {
  copyEstate,
  credentialOf,
  enrolParties,
  found,
  foundedEstate,
  joinEstate,
  refusalOfUp,
  type UpService,
  up,
} from "./testkit/estates.ts";
import { clientOf } from "./testkit/https-client.ts";
import { fetchBatch, issueDevice, meterKeys } from "./testkit/requests.ts";
import { cleanUp, processesOn, smki, temporaryFolder, until, untilNothingRunsOn } from "./testkit/smki.ts";
import { workAt } from "./work.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

const hasProc = existsSync("/proc/self/environ");
let founded = "";
/** Founded, with Parties; not running. */
let enrolled = "";

beforeAll(async () => {
  founded = await foundedEstate();
  const service = await up(copyEstate(founded));
  await enrolParties(service);
  await stop(service);
  enrolled = service.data;
});
afterAll(cleanUp);

async function stop(service: UpService) {
  service.interrupt();
  await service.ended;
  await untilNothingRunsOn(service.data);
}

async function withEstateOf<Result>(
  data: string,
  work: (estate: Estate) => Promise<Result>,
): Promise<Result> {
  const estate = await joinEstate(data);
  try {
    return await work(estate);
  } finally {
    await estate.close();
  }
}

const certificatesIn = (data: string): Promise<number> =>
  withEstateOf(data, ({ database }) =>
    database.read(async (tx) => {
      const { rows } = await sql<{ count: number }>`select count(*)::int as count from certificate`.execute(
        tx,
      );
      return rows[0]?.count ?? 0;
    }),
  );

describe.skipIf(!hasProc)("A database that was put back [needs /proc]", () => {
  test("has nothing signed on it, not even what waited in it: the service says why and ends", async () => {
    // The copy holds a CSR that no worker has seen: there is a moment before a worker takes it.
    const data = copyEstate(enrolled);
    const service = await up(data);
    for (const { pid, role } of processesOn(data)) if (role === "work") process.kill(pid, "SIGSTOP");
    const client = clientOf(service, credentialOf(data, "SMPM", "device"));
    const [key] = meterKeys(1);
    const path = "/api/v1/device-certificate-batches";
    expect(
      (await client.post(path, { reference: "waits", csrs: [key?.csr.toString("base64")] })).status,
    ).toBe(202);
    client.close();
    service.kill("SIGKILL");
    for (const { pid, role } of processesOn(data)) if (role === "work") process.kill(pid, "SIGKILL");
    await untilNothingRunsOn(data);
    const backup = copyEstate(data);
    const before = await certificatesIn(backup);

    const later = await up(data);
    const laterClient = clientOf(later, credentialOf(data, "SMPM", "device"));
    await until(async () => ((await certificatesIn(data)) > before ? true : undefined));
    await issueDevice(laterClient, 2);
    laterClient.close();
    await stop(later);

    renameSync(join(data, "postgresql"), join(data, "postgresql-later"));
    renameSync(join(backup, "postgresql"), join(data, "postgresql"));
    const refusal = await refusalOfUp(data);
    expect(refusal).toMatchObject({ status: 1, code: "LEDGER_ROLLED_BACK" });
    await untilNothingRunsOn(data);
    expect(await certificatesIn(data)).toBe(before);
  });
});

describe.skipIf(!hasProc)("A worker [needs /proc]", () => {
  test("whose ledger cannot go on ends, all of it, and the supervisor says so", async () => {
    const service = await up(copyEstate(enrolled));
    writeFileSync(join(service.data, "keys", "last-checkpoint"), "not a checkpoint\n");
    const { status, stderr } = await service.ended;
    expect(status).toBe(1);
    expect(stderr).toContain("[PROCESS_FAILED]");
    expect(readFileSync(service.answer.logFile, "utf8")).toContain("LEDGER_SIGNER_STORE_DAMAGED");
    await untilNothingRunsOn(service.data);
  });
});

describe("Revocation lists that are due", () => {
  test("are made although another CA's cannot be", () =>
    withEstateOf(copyEstate(founded), async (estate) => {
      const later: Estate = {
        ...estate,
        clock: () => new Date(estate.clock().getTime() + 20 * 24 * 3_600_000),
      };
      const signer = await openOperationalSigner(later);
      await signer.destroyKey("issuing-oca");
      const made: string[] = [];
      const failed: unknown[] = [];
      await publishDueLists(later, signer, {
        onList: ({ authorityId }) => made.push(authorityId),
        onFailure: (error, authority) => failed.push([authority, (error as { code?: string }).code]),
      });
      await signer.close();
      expect(failed).toEqual([["issuing-oca", "KEY_NOT_FOUND"]]);
      expect(made).toEqual(["iki-issuing"]);
    }));
});

test("The key of a CA that is missing from the workers' store is named by the status", async () => {
  const data = copyEstate(founded);
  await withEstateOf(data, async (estate) => {
    const signer = await openOperationalSigner(estate);
    await signer.destroyKey("issuing-dca/0002");
    const ledger = await openLedgerSigner(estate, signer);
    const log = createLog(estate.settings, "test");
    log.level = "silent";
    const stop = new AbortController();
    const desk = { estate, signer, ledger, log, keys: new KeyWatch(), metrics: new WorkerMetrics() };
    const working = workAt(desk, stop.signal);
    const named = await until(async () => {
      const { stdout } = await smki(["status", "--data", data, "--json"]);
      const { warnings } = JSON.parse(stdout) as { warnings: string[] };
      const ofKeys = warnings.filter((warning) => warning.startsWith("The key of "));
      return ofKeys.length > 0 ? ofKeys : undefined;
    });
    stop.abort();
    await working;
    await signer.close();
    expect(named).toEqual([expect.stringContaining("issuing-dca/0002")]);
  });
});

describe.skipIf(!hasProc || softHsmModule === undefined)("A token [needs /proc, SoftHSM2, pkcs11js]", () => {
  let token: TokenFixture;
  let env: Record<string, string>;
  let data = "";

  beforeAll(async () => {
    token = await makeToken();
    env = {
      SMKI_ENVIRONMENT: "test",
      SOFTHSM2_CONF: join(token.folder, "softhsm2.conf"),
      SMKI_KEYS_OPERATIONAL_KIND: "pkcs11",
      SMKI_KEYS_OPERATIONAL_MODULE: softHsmModule ?? "",
      SMKI_KEYS_OPERATIONAL_TOKEN_LABEL: token.settings.tokenLabel,
      SMKI_KEYS_OPERATIONAL_PIN_FILE: token.settings.pinFile,
    };
    data = join(temporaryFolder(), "data");
    await found(data, { env });
  });
  afterAll(() => token.remove());

  test("whose sessions are lost ends the worker with what to do", async () => {
    const estate = await openEstate(loadSettings({ env, overrides: { dataFolder: data } }), {
      applicationName: "test",
      server: "start",
    });
    const signer = await openOperationalSigner(estate);
    const ledger = await openLedgerSigner(estate, signer);
    const stop = new AbortController();
    const log = createLog(estate.settings, "test");
    const desk = { estate, signer, ledger, log, keys: new KeyWatch(), metrics: new WorkerMetrics() };
    desk.log.level = "silent";
    const working = workAt(desk, stop.signal);
    const { cryptoki } = await useModule(softHsmModule ?? "");
    for (const slot of cryptoki.C_GetSlotList(true)) cryptoki.C_CloseAllSessions(slot);
    // Something to sign for: the ledger's next checkpoint.
    await estate.database.transaction((tx) =>
      recordActs(tx, [{ kind: "a.test", at: estate.clock(), by: "test", subject: {} }]),
    );
    await expect(working).rejects.toMatchObject({ code: "KEY_STORE_UNAVAILABLE" });
    await signer.close();
    await estate.close();
  });

  test("that is away while a worker starts does not end the service, and work goes on when it is back", async () => {
    const service = await up(data, { env });
    await enrolParties(service);
    const client = clientOf(service, credentialOf(data, "SMPM", "device"));
    renameSync(token.tokens, `${token.tokens}-away`);
    for (const { pid, role } of processesOn(data)) if (role === "work") process.kill(pid, "SIGKILL");
    const [key] = meterKeys(1);
    const answer = await client.post("/api/v1/device-certificate-batches", {
      reference: "waits",
      csrs: [key?.csr.toString("base64")],
    });
    const { batch } = answer.json() as { batch: number };
    // Longer than five attempts in quick succession take.
    await sleep(10_000);
    renameSync(`${token.tokens}-away`, token.tokens);
    const outcomes = await until(async () => {
      const { status, outcomes } = await fetchBatch(client, batch);
      return status === "completed" ? outcomes : undefined;
    });
    expect(outcomes).toMatchObject([{ status: "issued" }]);
    client.close();
    await stop(service);
  });
});
