import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds of each call, one after another. */
export async function oneAfterAnother(
  count: number,
  call: (index: number) => Promise<void>,
): Promise<number[]> {
  const latencies: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await call(index);
    latencies.push(performance.now() - start);
  }
  return latencies;
}

/**
 * Milliseconds of each call at a fixed offered rate, counted from when each was meant to be sent: one that waits in
 * line because the service is slow has its waiting counted, as its sender would.
 *
 * @param perSecond - calls begun, whatever becomes of those before
 */
export async function atFixedRate(
  perSecond: number,
  count: number,
  call: (index: number) => Promise<void>,
): Promise<number[]> {
  const start = performance.now();
  const calls: Promise<number>[] = [];
  for (let index = 0; index < count; index += 1) {
    const intended = start + (index * 1000) / perSecond;
    const wait = intended - performance.now();
    if (wait > 0) await sleep(wait);
    // A timer may end a little early: what is sent before its moment takes its time from then.
    const from = Math.min(intended, performance.now());
    calls.push(call(index).then(() => performance.now() - from));
  }
  return Promise.all(calls);
}
