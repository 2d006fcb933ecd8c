import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { after, before, milliseconds } from "./duration.ts";
import { rulebookFor } from "./editions.ts";

const rules = rulebookFor("response");
const day = (text: string) => new Date(`${text}T12:00:00Z`);

describe("durations of rules", () => {
  test("an Organisation CRL is valid for 48 hours", () => {
    expect(milliseconds(rules.organisationCrlValidity)).toBe(48 * 3_600_000);
    expect(after(day("2026-03-28"), rules.organisationCrlValidity)).toEqual(day("2026-03-30"));
  });

  test("months and years are the calendar's", () => {
    expect(after(day("2027-01-31"), { value: 1, unit: "months" })).toEqual(day("2027-02-28"));
    expect(after(day("2028-02-29"), { value: 1, unit: "years" })).toEqual(day("2029-02-28"));
    expect(after(day("2026-11-23"), rules.rootCaYears)).toEqual(day("2076-11-23"));
    expect(before(day("2027-03-31"), { value: 1, unit: "months" })).toEqual(day("2027-02-28"));
  });

  test("months have no fixed length, and octets are no time", () => {
    expect(() => milliseconds(rules.arlInterval)).toThrow(RangeError);
    expect(() => after(day("2026-01-01"), rules.serialNumberOctets)).toThrow(RangeError);
    expect(() => milliseconds({ value: 3 })).toThrow(RangeError);
  });

  test("a later start never gives an earlier end", () => {
    const dates = fc.date({ min: day("2000-01-01"), max: day("2400-01-01"), noInvalidDate: true });
    const units = fc.constantFrom("hours", "days", "months", "years");
    fc.assert(
      fc.property(dates, dates, units, fc.integer({ min: 1, max: 60 }), (a, b, unit, value) => {
        const [first, second] = a <= b ? [a, b] : [b, a];
        const rule = { value, unit } as const;
        expect(after(first, rule).getTime()).toBeLessThanOrEqual(after(second, rule).getTime());
        expect(after(first, rule).getTime()).toBeGreaterThan(first.getTime());
        expect(before(first, rule).getTime()).toBeLessThan(first.getTime());
      }),
    );
  });
});
