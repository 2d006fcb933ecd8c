import { describe, expect, test } from "vitest";
import { strikeAt } from "./plan.ts";
import { Random } from "./random.ts";
import type { Point, Weapon } from "./strike.ts";

const points: Point[] = ["a", "b", "c", "d"].map((step) => ({ step, side: "between" }));
const weapons: Weapon[] = ["process", "server", "machine"];
const subject = { name: "a subject", points, weapons };
const strikes = (seed: number, count: number) =>
  Array.from({ length: count }, (_, number) => strikeAt(seed, subject, number));

describe("the plan of kills", () => {
  test("takes every named step once before any twice, then any moment with every weapon", () => {
    for (let seed = 1; seed < 50; seed += 1) {
      const first = strikes(seed, points.length + weapons.length);
      expect(new Set(first.slice(0, points.length).map(({ point }) => point.step))).toEqual(
        new Set(["a", "b", "c", "d"]),
      );
      expect(first.slice(points.length).map(({ point, weapon }) => [point.step, weapon])).toEqual(
        weapons.map((weapon) => ["any moment", weapon]),
      );
    }
  });

  test("is the same for the same seed and number, and another for another seed", () => {
    expect(strikes(5, 100)).toEqual(strikes(5, 100));
    expect(strikes(5, 100)[70]).toEqual(strikeAt(5, subject, 70));
    expect(strikes(5, 100)).not.toEqual(strikes(6, 100));
  });

  test("kills with every weapon at every step in the long run, and never with one that a subject has not", () => {
    const seen = new Set(strikes(1, 1_000).map(({ point, weapon }) => `${point.step} ${weapon}`));
    expect(seen.size).toBe((points.length + 1) * weapons.length);
    const alone = { ...subject, weapons: ["process"] as const };
    for (let number = 0; number < 200; number += 1) expect(strikeAt(1, alone, number).weapon).toBe("process");
  });
});

describe("the random generator", () => {
  test("gives each number about as often, and the same ones again for the same seed", () => {
    const random = new Random("a seed");
    const counts = [0, 0, 0, 0, 0];
    for (let round = 0; round < 10_000; round += 1) {
      const number = random.below(counts.length);
      counts[number] = (counts[number] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
    const again = [new Random("x", 1), new Random("x", 1), new Random("x", 2)].map((each) =>
      Array.from({ length: 20 }, () => each.below(1_000)),
    );
    expect(again[0]).toEqual(again[1]);
    expect(again[0]).not.toEqual(again[2]);
  });

  test("shuffles without losing anything", () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const shuffled = new Random(1).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((left, right) => left - right)).toEqual(items);
  });
});
