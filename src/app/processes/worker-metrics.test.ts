import { expect, test } from "vitest";
import { SmkiError } from "../../errors/smki-error.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

const away = new SmkiError("KEY_STORE_UNAVAILABLE", {});

test("A worker is in trouble from a failure until it does its work again", () => {
  const metrics = new WorkerMetrics();
  expect(metrics.trouble()).toBeUndefined();
  metrics.failed("issuing", away);
  metrics.failed("sequencing", new Error("a secret of the module"));
  expect(metrics.trouble()).toBe("issuing paused: KEY_STORE_UNAVAILABLE; sequencing paused: INTERNAL");
  metrics.chunk("finished");
  expect(metrics.trouble()).toBe("sequencing paused: INTERNAL");
  metrics.signed("checkpoint");
  expect(metrics.trouble()).toBeUndefined();
});

test("A failure that is not met again is over, also where there is nothing to do", () => {
  let now = 0;
  const metrics = new WorkerMetrics(() => now);
  metrics.failed("lists", away);
  now = 4_999;
  expect(metrics.trouble()).toBe("lists paused: KEY_STORE_UNAVAILABLE");
  now = 5_000;
  expect(metrics.trouble()).toBeUndefined();
});

test("Each failure, chunk and step is counted under its name", async () => {
  const metrics = new WorkerMetrics();
  metrics.failed("issuing", away);
  metrics.chunk("held");
  metrics.step("sign", 0.03, 1_000);
  const text = await metrics.registry.metrics();
  for (const line of [
    'smki_worker_failures_total{loop="issuing"} 1',
    'smki_worker_chunks_total{result="held"} 1',
    'smki_worker_requests_total{step="sign"} 1000',
    'smki_worker_step_duration_seconds_bucket{le="0.025",step="sign"} 0',
    'smki_worker_step_duration_seconds_bucket{le="0.05",step="sign"} 1',
  ])
    expect(text).toContain(`\n${line}\n`);
});
