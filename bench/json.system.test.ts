import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { opensslVersion } from "../src/app/demo/verify-certificates.ts";
import type { BenchResult } from "./report/measurement.ts";

/** What `--json` prints. */
interface Answer {
  readonly machine: { readonly cores: number; readonly node: string };
  readonly results: readonly BenchResult[];
}

const hasOpenssl = (await opensslVersion()) !== undefined;
const run = promisify(execFile);

async function bench(...words: string[]): Promise<Answer> {
  const { stdout } = await run(process.execPath, [`${import.meta.dirname}/main.ts`, ...words, "--json"], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as Answer;
}

test.skipIf(!hasOpenssl)(
  "a bench answers programs with its figures, their floors, how it was run and what was checked [needs openssl]",
  async () => {
    const { machine, results } = await bench("growth", "--certificates", "5000");
    expect(machine).toMatchObject({ node: process.version, cores: expect.any(Number) });
    expect(results.map((result) => result.bench)).toEqual(["growth"]);
    for (const { measurements, settings, checks } of results) {
      for (const { name, value, unit } of measurements) {
        expect(name).not.toBe("");
        expect(value, name).toBeGreaterThanOrEqual(0);
        expect(unit, name).toEqual(expect.any(String));
      }
      const withFloor = measurements.filter(({ floor }) => floor !== undefined);
      expect(withFloor.map(({ name }) => name)).toEqual([
        "at 5,000 stored, processor time",
        "at 5,000 stored, by the clock",
      ]);
      for (const { name, value, floor, floorName, ratio } of withFloor) {
        expect(floorName, name).toContain("node:crypto");
        // Of a time: the share of it that its floor alone would take.
        expect(ratio, name).toBeCloseTo((floor ?? 0) / value, 9);
      }
      expect(settings).toMatchObject({ workers: 2, PostgreSQL: expect.any(String) });
      expect(checks.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "fsync",
          "certificates, as issued",
          "the ledger holds, after kill -9 and restart",
        ]),
      );
      expect(checks.filter(({ holds }) => !holds)).toEqual([]);
    }
  },
);
