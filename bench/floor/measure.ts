import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { frame } from "../../src/database/frames.ts";

/** CSRs whose keys the floor imports, over and over: nothing keeps an imported key for the next time. */
export const floorRequests = 1_000;

/** The floor of this machine, at one moment. */
export interface Floor {
  /** Certificates a second, of all threads together: by the clock on the wall. */
  readonly rate: number;
  /** Certificates in a second of one processor: what others do at the same time hardly matters. */
  readonly perProcessorSecond: number;
}

/**
 * Measures the floor: how many certificates a second node:crypto could serve if nothing else had to be done.
 *
 * @param requests - Device CSRs with distinct keys
 * @param threads - that work at the same time
 */
export async function measureFloor(
  requests: readonly Buffer[],
  threads: number,
  milliseconds: number,
): Promise<Floor> {
  const workerData = { requests: frame(requests.slice(0, floorRequests)), milliseconds };
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./floor-thread.ts", import.meta.url), { workerData }),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const answers = workers.map(async (worker) => {
    const [floor] = (await once(worker, "message")) as [Floor];
    return floor;
  });
  for (const worker of workers) worker.postMessage("go");
  return together(await Promise.all(answers), threads);
}

/** The mean of floors that were measured one after another, before and after the work. */
export function meanFloor(floors: readonly Floor[]): Floor {
  const { rate, perProcessorSecond } = together(floors, floors.length);
  return { rate: rate / floors.length, perProcessorSecond };
}

function together(floors: readonly Floor[], count: number): Floor {
  return {
    rate: floors.reduce((total, { rate }) => total + rate, 0),
    perProcessorSecond:
      floors.reduce((total, { perProcessorSecond }) => total + perProcessorSecond, 0) / count,
  };
}
