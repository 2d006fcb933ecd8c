import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sampleManufacturer } from "../demo/sample-parties.ts";
import { credentialOf, enrolParties, foundedEstate, type UpService, up } from "./testkit/estates.ts";
import { clientOf } from "./testkit/https-client.ts";
import { keysOfMeters, submitBatch } from "./testkit/requests.ts";
import { cleanUp, processesOn } from "./testkit/smki.ts";

/** A port that nobody has just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return Math.min(port, 65_000);
}

const hasProc = existsSync("/proc/self/environ");

describe.skipIf(!hasProc)("What an operator's own machines ask [needs /proc]", () => {
  let service: UpService;
  let firstOfWorkers = 0;
  beforeAll(async () => {
    firstOfWorkers = await freePort();
    service = await up(await foundedEstate(), {
      env: {
        SMKI_WORKERS_COUNT: "2",
        SMKI_METRICS_PORT: "0",
        SMKI_METRICS_WORKER_PORT: String(firstOfWorkers),
      },
    });
  });
  afterAll(async () => {
    service.interrupt();
    await service.ended;
    await cleanUp();
  });
  const ask = async (path: string, at = service.answer.metricsUrl) => {
    const answer = await fetch(new URL(path, at));
    return { status: answer.status, text: await answer.text() };
  };

  test("is how the estate stands, for Prometheus", async () => {
    const { status, text } = await ask("/metrics");
    expect(status).toBe(200);
    for (const line of [
      "smki_database_up 1",
      'smki_chunks{state="open"} 0',
      'smki_issuing_dcas{state="released"} 2',
      "smki_warnings ",
      'smki_revocation_list_next_update_timestamp_seconds{authority="issuing-oca"} ',
      "process_resident_memory_bytes ",
    ])
      expect(text).toContain(`\n${line}`);
  });

  test("is how long requests take, by route and not by address", async () => {
    const client = clientOf(service);
    await client.get("/api/v1/status");
    await client.get("/api/v1/nowhere/00-DB-12-34-60-AA-00-01");
    client.close();
    await vi.waitFor(async () => {
      const { text } = await ask("/metrics");
      const counted =
        'smki_http_request_duration_seconds_count{method="GET",route="/api/v1/status",status="200"} 1';
      expect(text).toContain(counted);
      expect(text).toContain('route="none",status="404"');
      expect(text).not.toContain("00-DB-12-34-60");
    });
  });

  test("is what each worker did, at a port of its own, and whether it is at work", async () => {
    const { workerMetricsUrls: urls } = service.answer;
    const ports = urls.map((url) => Number(new URL(url).port));
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(firstOfWorkers);
      expect(port).toBeLessThan(firstOfWorkers + 256);
    }
    await enrolParties(service, [sampleManufacturer]);
    const client = clientOf(service, credentialOf(service.data, "SMPM", "device"));
    await submitBatch(client, [...keysOfMeters(1, 20).map(({ csr }) => csr), Buffer.from("3000", "hex")]);
    client.close();
    const published = /^smki_worker_requests_total\{step="publish"\} (\d+)$/m;
    await vi.waitFor(
      async () => {
        const texts = await Promise.all(urls.map(async (url) => (await ask("/metrics", url)).text));
        // Two credentials and a batch of 40, whichever worker made them.
        const counted = texts.map((text) => Number(published.exec(text)?.[1] ?? 0));
        expect(counted.reduce((sum, count) => sum + count, 0)).toBe(2 + 40);
        const all = texts.join("\n");
        for (const line of [
          'smki_worker_chunks_total{result="finished"} ',
          'smki_worker_requests_total{step="check"} ',
          'smki_worker_step_duration_seconds_count{step="sign"} ',
          'smki_worker_signed_total{what="checkpoint"} ',
          "process_resident_memory_bytes ",
        ])
          expect(all).toContain(`\n${line}`);
        expect(all).not.toContain("smki_database_up");
      },
      { timeout: 10_000 },
    );
    for (const url of urls)
      for (const path of ["/healthz", "/readyz"])
        expect(await ask(path, url)).toEqual({ status: 200, text: "ok\n" });
  });

  test("is over HTTPS too whether it lives and is ready, for everyone, and nothing else", async () => {
    const client = clientOf(service);
    for (const path of ["/healthz", "/readyz"]) {
      expect(await ask(path)).toEqual({ status: 200, text: "ok\n" });
      expect(await client.get(path)).toMatchObject({ status: 200, text: "ok\n" });
    }
    expect((await client.get("/metrics")).status).toBe(404);
    client.close();
  });

  test("a process whose database does not answer lives, is not ready, and shows no old figures", async () => {
    const backends = processesOn(service.data).flatMap(({ role, pid }) => (role === "postgres" ? [pid] : []));
    expect(backends.length).toBeGreaterThan(3);
    for (const pid of backends) process.kill(pid, "SIGSTOP");
    try {
      expect(await ask("/readyz")).toEqual({ status: 503, text: "database unavailable\n" });
      expect((await ask("/healthz")).status).toBe(200);
      const [worker] = service.answer.workerMetricsUrls;
      expect(await ask("/readyz", worker)).toEqual({ status: 503, text: "database unavailable\n" });
      expect((await ask("/healthz", worker)).status).toBe(200);
      const { text } = await ask("/metrics");
      expect(text).toContain("smki_database_up 0");
      expect(text).not.toContain("smki_chunks");
    } finally {
      for (const pid of backends) process.kill(pid, "SIGCONT");
    }
    await vi.waitFor(
      async () => {
        expect(await ask("/readyz")).toEqual({ status: 200, text: "ok\n" });
      },
      { timeout: 20_000 },
    );
  });
});
