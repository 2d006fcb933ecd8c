import { describe, expect, test } from "vitest";
import { listDue, listValidUntil } from "./list-due.ts";

const schedule = {
  interval: { value: 12, unit: "hours" },
  validity: { value: 48, unit: "hours" },
} as const;
const at = (time: string) => new Date(`2026-06-01T${time}Z`);

describe("the Organisation CRL is made", () => {
  test("when there is none", () => {
    expect(listDue({ hasUnlisted: false }, schedule, at("12:00:00"))).toBe("first");
  });
  test("12 hours after the last one, not before", () => {
    const state = { current: { thisUpdate: at("00:00:00"), entries: 2 }, hasUnlisted: false };
    expect(listDue(state, schedule, at("11:59:59"))).toBeUndefined();
    expect(listDue(state, schedule, at("12:00:00"))).toBe("interval");
  });
  test("at once after a revocation, whatever the time that it bears", () => {
    const state = { current: { thisUpdate: at("03:00:00"), entries: 9_999 }, hasUnlisted: true };
    expect(listDue(state, schedule, at("03:00:00"))).toBe("revocation");
    expect(listDue(state, schedule, at("03:00:01"))).toBe("revocation");
  });
  test("at once after a restore, since others may have seen later lists than the one it brought back", () => {
    const state = { current: { thisUpdate: at("03:00:00"), entries: 2 }, hasUnlisted: false };
    expect(listDue({ ...state, isRestored: true }, schedule, at("03:00:01"))).toBe("restored");
    expect(listDue({ ...state, isRestored: false }, schedule, at("03:00:01"))).toBeUndefined();
  });
  test("in a burst of revocations, a long one a second later for each 10,000 entries", () => {
    const state = { current: { thisUpdate: at("03:00:00"), entries: 100_000 }, hasUnlisted: true };
    expect(listDue(state, schedule, at("03:00:09"))).toBeUndefined();
    expect(listDue(state, schedule, at("03:00:10"))).toBe("revocation");
    expect(listDue(state, schedule, at("15:00:00"))).toBe("revocation");
  });
  test("a clock that stands before the last list is no reason to wait with a revocation", () => {
    const state = { current: { thisUpdate: at("03:00:00"), entries: 2 }, hasUnlisted: true };
    expect(listDue(state, schedule, at("02:00:00"))).toBe("revocation");
    expect(listDue({ ...state, hasUnlisted: false }, schedule, at("02:00:00"))).toBeUndefined();
  });
  test("at start when one was missed while the service was down", () => {
    const state = { current: { thisUpdate: at("00:00:00"), entries: 0 }, hasUnlisted: false };
    expect(listDue(state, schedule, new Date("2026-06-09T00:00:00Z"))).toBe("interval");
  });
});

test("a CRL is good for 48 hours", () => {
  expect(listValidUntil(at("00:00:00"), schedule)).toEqual(new Date("2026-06-03T00:00:00Z"));
});
