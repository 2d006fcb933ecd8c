import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { foundedEstate, type UpService, up } from "./testkit/estates.ts";
import { clientOf } from "./testkit/https-client.ts";
import { cleanUp, processesOn } from "./testkit/smki.ts";

const hasProc = existsSync("/proc/self/environ");

describe.skipIf(!hasProc)("What an operator's own machines ask [needs /proc]", () => {
  let service: UpService;
  beforeAll(async () => {
    service = await up(await foundedEstate(), { env: { SMKI_METRICS_PORT: "0" } });
  });
  afterAll(async () => {
    service.interrupt();
    await service.ended;
    await cleanUp();
  });
  const ask = async (path: string) => {
    const answer = await fetch(new URL(path, service.answer.metricsUrl));
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
