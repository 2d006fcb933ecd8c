import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgePoll } from "../../issuance/poll-manners.ts";
import { defaultEdition, rulebookFor } from "../../rulebook/index.ts";
import { momentOf } from "../../time/local-time.ts";
import { nextPoll } from "./poll-schedule.ts";

const rule = rulebookFor(defaultEdition).batchPolling.value;
const next = (submitted: string, polled?: string) =>
  nextPoll(
    { submittedAt: new Date(submitted), polledAt: polled === undefined ? undefined : new Date(polled) },
    rule,
  ).toISOString();

describe("a batch is asked for", () => {
  test("from 08:00 of the next day, or from 22:00 if it was sent at 20:00 or later; in British time", () => {
    expect(next("2026-01-10T19:59:59Z")).toBe("2026-01-11T08:00:00.000Z");
    expect(next("2026-01-10T20:00:00Z")).toBe("2026-01-11T22:00:00.000Z");
    expect(next("2026-07-10T18:59:00Z")).toBe("2026-07-11T07:00:00.000Z");
    expect(next("2026-07-10T19:00:00Z")).toBe("2026-07-11T21:00:00.000Z");
    // The clocks go forward in that night, and back in the other.
    expect(next("2026-03-28T12:00:00Z")).toBe("2026-03-29T07:00:00.000Z");
    expect(next("2026-10-24T12:00:00Z")).toBe("2026-10-25T08:00:00.000Z");
  });

  test("then once an hour by night, and not by day", () => {
    const sent = "2026-01-10T12:00:00Z";
    expect(next(sent, "2026-01-11T08:00:00Z")).toBe("2026-01-11T22:00:00.000Z");
    expect(next(sent, "2026-01-11T22:10:00Z")).toBe("2026-01-11T23:10:00.000Z");
    expect(next(sent, "2026-01-12T06:59:00Z")).toBe("2026-01-12T07:59:00.000Z");
    expect(next(sent, "2026-01-12T07:30:00Z")).toBe("2026-01-12T22:00:00.000Z");
  });

  test("never in a way that the service counts as early or too often", () => {
    const moment = fc.date({ min: new Date("2026-01-01"), max: new Date("2028-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.nat(4 * 24 * 60), (submittedAt, minutes) => {
        const polled = new Date(submittedAt.getTime() + minutes * 60_000);
        for (const polledAt of [undefined, polled]) {
          const at = nextPoll({ submittedAt, polledAt }, rule);
          const polledBefore = { receivedAt: submittedAt, lastPolledAt: polledAt, firstFetchedAt: undefined };
          expect(judgePoll(polledBefore, rule, at)).toEqual({
            isEarly: false,
            isFrequent: false,
            isRepeated: false,
          });
        }
      }),
    );
  });
});

test("a time of day in Great Britain is one moment, in summer too", () => {
  expect(momentOf("2026-07-01", "08:00").toISOString()).toBe("2026-07-01T07:00:00.000Z");
  expect(momentOf("2026-12-01", "08:00").toISOString()).toBe("2026-12-01T08:00:00.000Z");
  expect(momentOf("2026-10-25", "01:30").toISOString()).toBe("2026-10-25T00:30:00.000Z");
  expect(momentOf("2026-03-29", "01:30").toISOString()).toBe("2026-03-29T01:30:00.000Z");
});
