import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Kill, runKills } from "./run.ts";
import { subjects } from "./subjects/all.ts";

/** The same each time, so that a failure here is found again by its number. */
const seed = 1;

// The long loop is `npm run torture`; this one takes each named step once. Two subjects at a time.
describe.skipIf(!existsSync("/proc/self/stat"))("The short loop of kills [needs /proc]", () => {
  test.each([
    { names: ["issuing", "checkpointing"] },
    { names: ["lists", "backup"] },
    { names: ["ceremony", "restore"] },
    { names: ["batches"] },
  ])(
    "at every step of $names loses nothing and does nothing twice",
    { timeout: 400_000 },
    async ({ names }) => {
      await Promise.all(names.map(killAtEveryStepOf));
    },
  );

  test("has every subject", () => {
    expect(Object.keys(subjects)).toEqual([
      "issuing",
      "checkpointing",
      "lists",
      "ceremony",
      "backup",
      "restore",
      "batches",
    ]);
  });
});

async function killAtEveryStepOf(name: string): Promise<void> {
  const make = subjects[name] ?? expect.fail(`no ${name}`);
  const steps = make({ server: undefined as never, nextName: () => "" }).points.map(({ step }) => step);
  const kills: Kill[] = [];
  await runKills({
    seed,
    kills: steps.length,
    killsOfOneSite: steps.length,
    from: 1,
    subjects: [[name, make]],
    lanes: 1,
    onKill: (kill) => kills.push(kill),
  });
  expect(kills.map(({ strike }) => strike.point.step).toSorted()).toEqual(steps.toSorted());
}
