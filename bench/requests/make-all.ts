import { Worker } from "node:worker_threads";
import type { Output } from "../../src/cli/output.ts";
import { unframe } from "../../src/database/frames.ts";

const threads = 2;

/** CSRs with the time that it took to make them, which is no part of any figure. */
export interface MadeRequests {
  readonly requests: readonly Buffer[];
  readonly seconds: number;
}

/**
 * Makes Device CSRs on two threads, each with a key of its own.
 *
 * @param options - with `spread` their Devices are drawn from all there are, and not numbered from 0
 */
export async function makeRequests(
  count: number,
  output: Output,
  { spread = false }: { readonly spread?: boolean } = {},
): Promise<MadeRequests> {
  const start = performance.now();
  const share = Math.ceil(count / threads);
  const parts = await output.progress("CSRs made", count, (advance) =>
    Promise.all(
      Array.from({ length: threads }, (_, thread) => {
        const first = thread * share;
        return makePart({ first, count: Math.max(0, Math.min(share, count - first)), spread }, advance);
      }),
    ),
  );
  return { requests: parts.flat(), seconds: (performance.now() - start) / 1000 };
}

/** What one thread makes. */
export interface RequestOrder {
  readonly first: number;
  readonly count: number;
  readonly spread: boolean;
}

function makePart(order: RequestOrder, advance: (by: number) => void): Promise<Buffer[]> {
  const made = Promise.withResolvers<Buffer[]>();
  const requests: Buffer[] = [];
  const worker = new Worker(new URL("./make-thread.ts", import.meta.url), { workerData: order });
  worker.on("message", (framed: Uint8Array) => {
    const part = unframe(Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength));
    requests.push(...part);
    advance(part.length);
  });
  worker.on("error", made.reject);
  worker.on("exit", () => {
    made.resolve(requests);
  });
  return made.promise;
}
