import { expect, test } from "vitest";
import { rulebookFor } from "../rulebook/index.ts";
import { judgePoll } from "./poll-manners.ts";

const rule = rulebookFor("response").batchPolling.value;
const at = (text: string) => new Date(`${text}Z`);
const batch = (receivedAt: string, lastPolledAt?: string, firstFetchedAt?: string) => ({
  receivedAt: at(receivedAt),
  lastPolledAt: lastPolledAt === undefined ? undefined : at(lastPolledAt),
  firstFetchedAt: firstFetchedAt === undefined ? undefined : at(firstFetchedAt),
});
const isEarly = (received: string, polled: string) => judgePoll(batch(received), rule, at(polled)).isEarly;

test("a batch sent before 20:00 is asked for from 08:00 of the next day", () => {
  expect(isEarly("2026-01-15T19:59", "2026-01-16T07:59:59.999")).toBe(true);
  expect(isEarly("2026-01-15T19:59", "2026-01-16T08:00")).toBe(false);
  expect(isEarly("2026-01-15T03:00", "2026-01-15T23:00")).toBe(true);
});

test("one sent later is asked for from 22:00 of the next day", () => {
  expect(isEarly("2026-01-15T20:00", "2026-01-16T21:59")).toBe(true);
  expect(isEarly("2026-01-15T20:00", "2026-01-16T22:00")).toBe(false);
});

test("the times are those on the wall: an hour earlier in summer, and over a change of the clock", () => {
  expect(isEarly("2026-07-15T18:59", "2026-07-16T07:00")).toBe(false);
  expect(isEarly("2026-07-15T19:00", "2026-07-16T20:59")).toBe(true);
  expect(isEarly("2026-03-28T19:59", "2026-03-29T07:00")).toBe(false);
  expect(isEarly("2026-10-24T18:59", "2026-10-25T07:59")).toBe(true);
});

test("while it is not fetched, an hour lies between two polls of a night", () => {
  const polled = (now: string) => judgePoll(batch("2026-01-15T12:00", "2026-01-16T23:00"), rule, at(now));
  expect(polled("2026-01-16T23:59:59.999").isFrequent).toBe(true);
  expect(polled("2026-01-17T00:00").isFrequent).toBe(false);
});

test("by day nothing is said of how often: from 08:00 to 22:00 on the wall, winter and summer", () => {
  const isFrequent = (last: string, now: string) =>
    judgePoll(batch("2026-01-14T12:00", last), rule, at(now)).isFrequent;
  expect(isFrequent("2026-01-16T07:58", "2026-01-16T07:59:59.999")).toBe(true);
  expect(isFrequent("2026-01-16T07:58", "2026-01-16T08:00")).toBe(false);
  expect(isFrequent("2026-01-16T21:58", "2026-01-16T21:59:59.999")).toBe(false);
  expect(isFrequent("2026-01-16T21:58", "2026-01-16T22:00")).toBe(true);
  expect(isFrequent("2026-07-16T06:58", "2026-07-16T07:00")).toBe(false);
  expect(isFrequent("2026-07-16T20:58", "2026-07-16T21:00")).toBe(true);
});

test("in the night in which the clocks go back, an hour is an hour, and not what they show", () => {
  const polled = (now: string) => judgePoll(batch("2026-10-23T12:00", "2026-10-25T00:10"), rule, at(now));
  // The clocks show 01:10 for the first time, and then 01:09 and 01:10 again.
  expect(polled("2026-10-25T01:09").isFrequent).toBe(true);
  expect(polled("2026-10-25T01:10").isFrequent).toBe(false);
});

test("once it was fetched, any poll is a repetition, and not one too soon", () => {
  const fetched = batch("2026-01-15T12:00", "2026-01-16T08:00", "2026-01-16T08:00");
  expect(judgePoll(fetched, rule, at("2026-01-16T08:10"))).toEqual({
    isEarly: false,
    isFrequent: false,
    isRepeated: true,
  });
});
