import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MeterKey } from "../demo/simulated-meters.ts";
import { credentialOf, enrolParties, foundedEstate, type UpService, up } from "./testkit/estates.ts";
import { clientOf, type HttpsClient } from "./testkit/https-client.ts";
import { type BatchAnswer, fetchBatch, keysOfMeters, submitBatch } from "./testkit/requests.ts";
import { cleanUp, processesOn, smki, until, untilNothingRunsOn } from "./testkit/smki.ts";

const hasProc = existsSync("/proc/self/environ");

// Several chunks of 1,000, so that some are finished, some begun and some not when the service is stopped.
const metersInBatch = 1_500;
const chunksInBatch = 3;
let data = "";
let service: UpService;
let meters = 0;

const client = (): HttpsClient => clientOf(service, credentialOf(data, "SMPM", "device"));
const pidsOf = (role: string) => processesOn(data).flatMap((one) => (one.role === role ? [one.pid] : []));

beforeAll(async () => {
  data = await foundedEstate();
  service = await up(data);
  await enrolParties(service);
});
afterAll(cleanUp);

/** Chunks that the workers have finished so far. */
const chunksFinished = () =>
  readFileSync(service.answer.logFile, "utf8").split('"result":"finished"').length - 1;

/** Hands in a batch of new meters, and returns when it has been taken into work. */
async function submit(): Promise<{ batch: number; keys: readonly MeterKey[] }> {
  const keys = keysOfMeters(meters, metersInBatch);
  meters += metersInBatch;
  const connection = client();
  const batch = await submitBatch(
    connection,
    keys.map(({ csr }) => csr),
  );
  connection.close();
  await sleep(100);
  return { batch, keys };
}

async function completed(batch: number): Promise<BatchAnswer> {
  const connection = client();
  try {
    return await until(async () => {
      const answer = await fetchBatch(connection, batch);
      return answer.status === "processing" ? undefined : answer;
    }, 60_000);
  } finally {
    connection.close();
  }
}

/** Every CSR has one certificate, no certificate is two CSRs', and no device has more than its two. */
async function expectIssuedOnce({ batch, keys }: { batch: number; keys: readonly MeterKey[] }) {
  const answer = await completed(batch);
  expect(answer.status).toBe("completed");
  expect(answer.outcomes).toHaveLength(keys.length);
  expect(answer.outcomes.filter(({ status }) => status !== "issued")).toEqual([]);
  expect(new Set(answer.outcomes.map(({ serialNumber }) => serialNumber)).size).toBe(keys.length);
  const connection = client();
  for (const place of [0, 1, keys.length / 2, keys.length - 2, keys.length - 1]) {
    const found = await connection.get(`/api/v1/certificates?device=${keys[place]?.deviceId ?? ""}`);
    const { certificates } = found.json() as { certificates: { serialNumber: string }[] };
    expect(certificates).toHaveLength(2);
    expect(certificates.map(({ serialNumber }) => serialNumber)).toContain(
      answer.outcomes[place]?.serialNumber,
    );
  }
  connection.close();
}

async function expectLedgerToHold() {
  const { status, stdout } = await smki(["ledger", "verify", "--data", data, "--json"]);
  const report = JSON.parse(stdout) as { holds: boolean; findings: unknown[] };
  expect(report.findings).toEqual([]);
  expect(status).toBe(0);
}

describe.skipIf(!hasProc)("Nothing is lost and nothing issued twice [needs /proc]", () => {
  test("when a worker is killed: another takes its place and goes on", async () => {
    const [worker = 0] = pidsOf("work");
    const batch = await submit();
    process.kill(worker, "SIGKILL");
    await expectIssuedOnce(batch);
    const [successor = 0] = pidsOf("work");
    expect(successor).not.toBe(0);
    expect(successor).not.toBe(worker);
  });

  test("when the web process is killed: another listens on its port, and the batch is there", async () => {
    const batch = await submit();
    const [web = 0] = pidsOf("serve");
    process.kill(web, "SIGKILL");
    await until(async () => {
      const connection = client();
      const answer = await connection.get("/api/v1/health").catch(() => undefined);
      connection.close();
      return answer?.status === 200 ? true : undefined;
    });
    expect(pidsOf("serve")).not.toContain(web);
    await expectIssuedOnce(batch);
  });

  test("by SIGTERM under load: ends in order within 10 seconds, and the next start completes the batch", async () => {
    const before = chunksFinished();
    const batch = await submit();
    const began = performance.now();
    service.kill("SIGTERM");
    const { status, stderr } = await service.ended;
    expect(chunksFinished() - before, "it was stopped in the middle").toBeLessThan(chunksInBatch);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    await untilNothingRunsOn(data);
    service = await up(data);
    await expectIssuedOnce(batch);
    await expectLedgerToHold();
  });

  test("by SIGTERM while a worker hangs: who waits is told where to ask later, and it ends within 10 seconds", async () => {
    const [worker = 0] = pidsOf("work");
    process.kill(worker, "SIGSTOP");
    const [key] = keysOfMeters(meters, 1);
    meters += 1;
    const connection = client();
    const waiting = connection.post("/api/v1/device-certificates", { csr: key?.csr.toString("base64") });
    await sleep(200);
    const began = performance.now();
    service.kill("SIGTERM");
    const answer = await waiting;
    connection.close();
    expect(answer.status).toBe(202);
    const { batch, status } = answer.json() as BatchAnswer;
    expect(status).toBe("processing");
    await service.ended;
    expect(performance.now() - began).toBeLessThan(10_000);
    await untilNothingRunsOn(data);
    service = await up(data);
    expect((await completed(batch)).outcomes).toMatchObject([{ status: "issued" }]);
  });

  test("by SIGTERM while the database hangs: it ends within 10 seconds, and the next start recovers", async () => {
    const batch = await submit();
    const [postmaster] = readFileSync(join(data, "postgresql", "cluster", "postmaster.pid"), "utf8").split(
      "\n",
    );
    const hanging = pidsOf("postgres").filter((pid) => pid !== Number(postmaster));
    for (const pid of hanging) process.kill(pid, "SIGSTOP");
    const began = performance.now();
    service.kill("SIGTERM");
    const { status } = await service.ended;
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(status).toBe(1);
    await untilNothingRunsOn(data);
    service = await up(data);
    await expectIssuedOnce(batch);
  });

  test("by a second signal: ends at once, and no process stays behind", async () => {
    const batch = await submit();
    const began = performance.now();
    service.interrupt();
    await sleep(20);
    service.interrupt();
    const { status } = await service.ended;
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(status).toBe(1);
    await untilNothingRunsOn(data, 5_000);
    service = await up(data);
    await expectIssuedOnce(batch);
  });

  test("by kill -9 of the supervisor: every process ends by itself, and the next start goes on", async () => {
    const before = chunksFinished();
    const batch = await submit();
    service.kill("SIGKILL");
    await service.ended;
    expect(chunksFinished() - before, "it was killed in the middle").toBeLessThan(chunksInBatch);
    await untilNothingRunsOn(data);
    service = await up(data);
    await expectIssuedOnce(batch);
    await expectLedgerToHold();
  });

  test("when the database's server is killed: the service ends and says so, and the next start recovers", async () => {
    const batch = await submit();
    const servers = pidsOf("postgres");
    for (const pid of servers) process.kill(pid, "SIGKILL");
    const { status, stderr } = await service.ended;
    expect(status).toBe(1);
    expect(stderr).toContain("[PROCESS_FAILED]");
    expect(stderr).toContain(service.answer.logFile);
    await untilNothingRunsOn(data);
    service = await up(data);
    await expectIssuedOnce(batch);
    await expectLedgerToHold();
    service.interrupt();
    expect((await service.ended).status).toBe(0);
  });
});
