import { parentPort, workerData } from "node:worker_threads";
import { frame } from "../../src/database/frames.ts";
import { makeDeviceCsr } from "./make.ts";

const { first, count } = workerData as { readonly first: number; readonly count: number };
const slice = 500;

/** Makes CSRs `first` to `first + count - 1` and hands them over slice by slice. */
for (let made = 0; made < count; made += slice) {
  const length = Math.min(slice, count - made);
  parentPort?.postMessage(frame(Array.from({ length }, (_, index) => makeDeviceCsr(first + made + index))));
}
