import { localTime } from "../../time/local-time.ts";
import type { ExtractRecord } from "./extract-store.ts";
import type { Manifest } from "./manifest.ts";

export const weekdays = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;
export type Weekday = (typeof weekdays)[number];

/** When extracts are made, by the clocks of Great Britain. */
export interface ExtractSchedule {
  /** The hour of each day's delta, and of the full one on its day. */
  readonly hour: number;
  readonly fullDay: Weekday;
}

/**
 * Pure: what is to be made now: a delta once a day, a full one once a week, and the one that was missed while nobody was
 * at work. It follows from what was made, so that it does not matter which process asks.
 *
 * @param records - the extracts that are there, oldest first
 * @returns undefined when nothing is due
 */
export function dueExtract(
  records: readonly ExtractRecord[],
  schedule: ExtractSchedule,
  now: Date,
): Manifest["kind"] | undefined {
  const madeSince = (due: string, kinds: readonly Manifest["kind"][]) =>
    records.some(({ manifest, madeAt }) => kinds.includes(manifest.kind) && asText(madeAt) >= due);
  if (
    !madeSince(
      lastDue(schedule, now, (day) => weekdays[day] === schedule.fullDay),
      ["full"],
    )
  )
    return "full";
  return madeSince(
    lastDue(schedule, now, () => true),
    ["full", "delta"],
  )
    ? undefined
    : "delta";
}

/** Texts of this form compare as the moments do. */
function asText(at: Date): string {
  const { date, time } = localTime(at);
  return `${date} ${time}`;
}

/** The latest moment that has come at which one was due on a day that suits. */
function lastDue({ hour }: ExtractSchedule, now: Date, suits: (weekday: number) => boolean): string {
  const { date } = localTime(now);
  for (let back = 0; ; back += 1) {
    const day = new Date(`${date}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() - back);
    const due = `${day.toISOString().slice(0, 10)} ${String(hour).padStart(2, "0")}:00`;
    if (suits(day.getUTCDay()) && due <= asText(now)) return due;
  }
}
