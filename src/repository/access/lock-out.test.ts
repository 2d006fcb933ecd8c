import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lockedUntil } from "./lock-out.ts";

const minute = 60_000;
const rules = { attempts: 5, period: 60 * minute };
const noon = Date.parse("2026-06-01T12:00:00Z");
const at = (minutes: number) => new Date(noon + minutes * minute);
const until = (wrong: readonly number[], now: number) => {
  const locked = lockedUntil(wrong.map(at), at(now), rules);
  return locked === undefined ? undefined : (locked.getTime() - noon) / minute;
};

describe("a user of the repository", () => {
  test("is locked out by the fifth wrong credential within an hour, for an hour from the first", () => {
    expect(until([0, 10, 20, 30], 31)).toBeUndefined();
    expect(until([0, 10, 20, 30, 40], 41)).toBe(60);
    expect(until([0, 10, 20, 30, 40], 59.9)).toBe(60);
    expect(until([0, 10, 20, 30, 40], 60)).toBeUndefined();
  });

  test("is locked out by any five within an hour, also when the first one before them has left it", () => {
    expect(until([0, 50, 51, 52, 60], 61)).toBeUndefined();
    expect(until([0, 50, 51, 52, 60, 61], 62)).toBe(110);
  });

  test("begins anew when the lock-out is over", () => {
    expect(until([0, 56, 57, 58, 59, 61], 62)).toBeUndefined();
    expect(until([0, 56, 57, 58, 59, 61, 62, 63, 64, 65], 66)).toBe(121);
  });

  test("is never locked out for longer than the period, nor by fewer than five within it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 600 }), { maxLength: 40 }), fc.nat({ max: 700 }), (given, now) => {
        const wrong = given.filter((minutes) => minutes <= now).toSorted((a, b) => a - b);
        const locked = until(wrong, now);
        if (locked === undefined) {
          // Whoever is free has not given five within the last hour since the end of the last lock-out.
          const recent = wrong.filter((minutes) => now - minutes < 60);
          if (recent.length >= 5) expect(wrong.length).toBeGreaterThan(5);
          return;
        }
        expect(locked).toBeGreaterThan(now);
        expect(locked).toBeLessThanOrEqual(now + 60);
        expect(wrong.filter((minutes) => minutes >= locked - 60).length).toBeGreaterThanOrEqual(5);
      }),
    );
  });
});
