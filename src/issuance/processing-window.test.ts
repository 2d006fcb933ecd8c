import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rulebookFor } from "../rulebook/index.ts";
import { localTime, nextDay } from "../time/local-time.ts";
import { isOpen, nextChange, windowInWords } from "./processing-window.ts";

const published = rulebookFor("response").processingWindow.value;
const utc = (text: string) => new Date(`${text}Z`);

/** The law, worked out anew: summer time from 01:00 UTC on the last Sunday of March to 01:00 UTC on that of October. */
function lastSunday(year: number, month: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0, 1));
  return last.getTime() - last.getUTCDay() * 86_400_000;
}
const changesOf = (year: number) => [lastSunday(year, 2), lastSunday(year, 9)] as const;
function clocksShow(at: Date): { date: string; time: string } {
  const [forward, back] = changesOf(at.getUTCFullYear());
  const isSummer = at.getTime() >= forward && at.getTime() < back;
  const shown = new Date(at.getTime() + (isSummer ? 3_600_000 : 0)).toISOString();
  return { date: shown.slice(0, 10), time: shown.slice(11, 16) };
}

const years = fc.integer({ min: 1996, max: 2090 });
/** Any moment, and many around the changes of the clock. */
const moments = fc.oneof(
  fc.date({ min: utc("1996-06-01T00:00"), max: utc("2090-12-31T00:00"), noInvalidDate: true }),
  fc
    .tuple(years, fc.constantFrom<0 | 1>(0, 1), fc.integer({ min: -172_800_000, max: 172_800_000 }))
    .map(([year, which, by]) => new Date(changesOf(year)[which] + by)),
);

describe("the clocks of Great Britain", () => {
  test("are those of the law at every moment, on both sides of each change", () => {
    fc.assert(
      fc.property(moments, (at) => {
        expect(localTime(at)).toEqual(clocksShow(at));
      }),
      { numRuns: 2_000 },
    );
  });

  test("have one day after the other, whatever it has of hours", () => {
    fc.assert(
      fc.property(moments, (at) => {
        const noon = new Date(`${localTime(at).date}T12:00:00Z`);
        expect(nextDay(localTime(at).date)).toBe(localTime(new Date(noon.getTime() + 86_400_000)).date);
      }),
    );
  });
});

describe("the published processing window", () => {
  test("is open from 20:00 to 08:00 by the clock on the wall, winter and summer", () => {
    for (const [at, open] of [
      ["2026-01-15T19:59:59.999", false],
      ["2026-01-15T20:00", true],
      ["2026-01-16T07:59:59.999", true],
      ["2026-01-16T08:00", false],
      ["2026-07-15T18:59:59.999", false],
      ["2026-07-15T19:00", true],
      ["2026-07-16T06:59:59.999", true],
      ["2026-07-16T07:00", false],
    ] as const)
      expect(isOpen(published, utc(at)), at).toBe(open);
  });

  test("is open exactly when the clock shows 20:00 to 07:59, at any moment of a hundred years", () => {
    fc.assert(
      fc.property(moments, (at) => {
        const hour = Number(clocksShow(at).time.slice(0, 2));
        expect(isOpen(published, at)).toBe(hour >= 20 || hour < 8);
      }),
      { numRuns: 2_000 },
    );
  });

  test("lasts 11 hours in the night of spring, 13 in that of autumn, and otherwise 12", () => {
    const hoursOf = (evening: string) => {
      const opens = nextChange(published, utc(evening));
      const closes = opens && nextChange(published, opens);
      return ((closes?.getTime() ?? 0) - (opens?.getTime() ?? 0)) / 3_600_000;
    };
    expect(hoursOf("2026-03-28T12:00")).toBe(11);
    expect(hoursOf("2026-10-24T12:00")).toBe(13);
    expect(hoursOf("2026-10-25T12:00")).toBe(12);
  });
});

const times = fc
  .integer({ min: 0, max: 1_439 })
  .map(
    (minutes) =>
      `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`,
  );

test("the next change of any window is the first: nothing changes before it", () => {
  fc.assert(
    fc.property(
      times,
      times,
      moments,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (opens, closes, at, part) => {
        const window = { opens, closes };
        const next = nextChange(window, at);
        if (next === undefined) return;
        expect(next.getTime()).toBeGreaterThan(at.getTime());
        expect(isOpen(window, next)).toBe(!isOpen(window, at));
        const between = new Date(at.getTime() + Math.floor(part * (next.getTime() - 1 - at.getTime())));
        expect(isOpen(window, between)).toBe(isOpen(window, at));
      },
    ),
    { numRuns: 150 },
  );
});

test("without a window it is always open, and says so", () => {
  fc.assert(fc.property(moments, (at) => isOpen(undefined, at)));
  expect(nextChange(undefined, utc("2026-01-15T19:00"))).toBeUndefined();
  expect(windowInWords(undefined, utc("2026-01-15T19:00"))).toBe("always");
  expect(windowInWords(published, utc("2026-01-15T19:00"))).toBe(
    "20:00 to 08:00 in Great Britain; shut until 2026-01-15T20:00:00.000Z",
  );
});
