import { type ExtractInterval, type Weekday, weekdays } from "../../rulebook/index.ts";
import { localTime } from "../../time/local-time.ts";
import type { ExtractRecord } from "./extract-store.ts";
import type { Manifest } from "./manifest.ts";

/** When extracts are made, by the clocks of Great Britain. */
export interface ExtractSchedule {
  readonly every: Readonly<Record<Manifest["kind"], ExtractInterval>>;
  readonly hour: number;
  /** The day of what is made weekly. */
  readonly fullDay: Weekday;
}

/**
 * Pure: what is to be made now, that which was missed while nobody was at work too. It follows from what was made, so that it does not matter which process asks.
 *
 * @param records - the extracts that are there, oldest first
 * @returns undefined when nothing is due
 */
export function dueExtract(
  records: readonly ExtractRecord[],
  schedule: ExtractSchedule,
  now: Date,
): Manifest["kind"] | undefined {
  const isDue = (kind: Manifest["kind"], by: readonly Manifest["kind"][]) => {
    const due = lastDue(schedule, schedule.every[kind], now);
    return !records.some(({ manifest, madeAt }) => by.includes(manifest.kind) && asText(madeAt) >= due);
  };
  if (isDue("full", ["full"])) return "full";
  return isDue("delta", ["full", "delta"]) ? "delta" : undefined;
}

/** Texts of this form compare as the moments do. */
function asText(at: Date): string {
  const { date, time } = localTime(at);
  return `${date} ${time}`;
}

/** The latest moment that has come at which one was due. */
function lastDue({ hour, fullDay }: ExtractSchedule, every: ExtractInterval, now: Date): string {
  const { date } = localTime(now);
  for (let back = 0; ; back += 1) {
    const day = new Date(`${date}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() - back);
    const due = `${day.toISOString().slice(0, 10)} ${String(hour).padStart(2, "0")}:00`;
    if ((every === "daily" || weekdays[day.getUTCDay()] === fullDay) && due <= asText(now)) return due;
  }
}
