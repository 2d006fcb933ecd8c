import type { Output } from "../../src/cli/output.ts";
import { type BenchResult, rate } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { floorRequests, measureFloor } from "./measure.ts";
import { opensslSpeed } from "./openssl-speed.ts";

const milliseconds = 3_000;

/** The floor itself, with OpenSSL's own figure beside it. */
export async function benchFloor(output: Output): Promise<BenchResult> {
  const { requests } = await makeRequests(floorRequests, output);
  const measurements = [];
  let version = "no openssl command";
  for (const threads of [1, 2]) {
    const openssl = await opensslSpeed(threads);
    const { rate: value } = await measureFloor(requests, threads, milliseconds);
    const name = `node:crypto, ${String(threads)} thread${threads === 1 ? "" : "s"}`;
    if (openssl === undefined) {
      measurements.push({ name, value, unit: "certificates/s" });
      continue;
    }
    version = openssl.version;
    const floor = { name: "openssl speed: 1 sign, 2 verifies, no import", value: openssl.certificates };
    measurements.push(rate(name, value, "certificates/s", floor));
  }
  return {
    bench: "floor",
    measurements,
    settings: {
      "one certificate is": "import of a fresh key, verify, sign, verify own signature",
      openssl: version,
      "node's openssl": process.versions.openssl,
    },
    checks: [],
  };
}
