import { randomInt } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { frame } from "../../src/database/frames.ts";
import { makeDeviceCsr } from "./make.ts";
import type { RequestOrder } from "./make-all.ts";

const { first, count, spread } = workerData as RequestOrder;
const slice = 500;
/** Twice as many as there are Device IDs under the prefix. */
const allThereAre = 2 ** 41;
const numberOf = (index: number) => (spread ? randomInt(allThereAre) : first + index);

/** Makes CSRs `first` to `first + count - 1`, or as many at random, and hands them over slice by slice. */
for (let made = 0; made < count; made += slice) {
  const length = Math.min(slice, count - made);
  parentPort?.postMessage(frame(Array.from({ length }, (_, index) => makeDeviceCsr(numberOf(made + index)))));
}
