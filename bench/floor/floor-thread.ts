import { parentPort, workerData } from "node:worker_threads";
import { unframe } from "../../src/database/frames.ts";
import { floorMaterial, floorOnce } from "./work.ts";

const { requests, milliseconds } = workerData as {
  readonly requests: Uint8Array;
  readonly milliseconds: number;
};

const material = floorMaterial(unframe(Buffer.from(requests)));
const between = 50;
let done = 0;
// Until it is compiled: a service that runs for years is.
for (; done < 500; done += 1) floorOnce(material, done);
parentPort?.postMessage("ready");
parentPort?.once("message", () => {
  const start = performance.now();
  const processor = process.threadCpuUsage();
  let counted = 0;
  do for (let end = counted + between; counted < end; counted += 1) floorOnce(material, counted);
  while (performance.now() - start < milliseconds);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.threadCpuUsage(processor);
  parentPort?.postMessage({ rate: counted / seconds, perProcessorSecond: (counted * 1e6) / (user + system) });
  parentPort?.close();
});
