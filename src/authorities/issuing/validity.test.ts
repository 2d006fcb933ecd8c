import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastSecondAfterYears, wholeSecond } from "./validity.ts";

const after = (notBefore: string, years: number) =>
  lastSecondAfterYears(new Date(notBefore), years).toISOString();

describe("a validity period of ten years", () => {
  test("ends a second before the tenth anniversary, as both ends count", () => {
    expect(after("2026-06-01T12:00:00Z", 10)).toBe("2036-06-01T11:59:59.000Z");
    expect(after("2026-01-01T00:00:00Z", 10)).toBe("2035-12-31T23:59:59.000Z");
  });
  test("that begins on a leap day ends in February where the last year has none", () => {
    expect(after("2028-02-29T12:00:00Z", 10)).toBe("2038-02-28T11:59:59.000Z");
    expect(after("2028-02-29T12:00:00Z", 20)).toBe("2048-02-29T11:59:59.000Z");
    expect(after("2028-02-29T00:00:00Z", 10)).toBe("2038-02-27T23:59:59.000Z");
  });
  test("is never longer than its years in the calendar", () => {
    const moments = fc.date({
      min: new Date("2020-01-01"),
      max: new Date("2090-01-01"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 50 }), (moment, years) => {
        const from = wholeSecond(moment);
        const until = lastSecondAfterYears(from, years);
        expect(until.getUTCFullYear() - from.getUTCFullYear()).toBeLessThanOrEqual(years);
        const next = new Date(until.getTime() + 1_000);
        expect(next.getUTCMonth()).toBe(from.getUTCMonth());
        expect(from.getUTCDate() - next.getUTCDate()).toBeOneOf([0, 1]);
      }),
    );
  });
});

test("certificates state whole seconds, never one that has not come yet", () => {
  expect(wholeSecond(new Date("2026-06-01T12:00:00.999Z"))).toEqual(new Date("2026-06-01T12:00:00Z"));
  expect(wholeSecond(new Date("2026-06-01T12:00:00Z"))).toEqual(new Date("2026-06-01T12:00:00Z"));
});
