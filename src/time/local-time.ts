/** The Code's times of day are those of Great Britain. */
export const greatBritain = "Europe/London";

/** A moment as the clocks of a place show it. Texts of one form, so that they compare as the moments do. */
export interface LocalTime {
  /** `2026-11-23`. */
  readonly date: string;
  /** `20:00`; seconds are left out. */
  readonly time: string;
}

const form = new Intl.DateTimeFormat("en-GB", {
  timeZone: greatBritain,
  calendar: "gregory",
  numberingSystem: "latn",
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

/** Date and time of day in Great Britain, summer time in its season. */
export function localTime(at: Date): LocalTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of form.formatToParts(at)) parts[type] = value;
  const { year = "", month = "", day = "", hour = "", minute = "" } = parts;
  return { date: `${year.padStart(4, "0")}-${month}-${day}`, time: `${hour}:${minute}` };
}

/** The date of the day after, of the calendar: a day may have 23 or 25 hours. */
export function nextDay(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

/**
 * The moment at which the clocks of Great Britain show a date and time of day. Of an hour that they show twice the
 * first; of one that they leave out the moment an hour later.
 */
export function momentOf(date: string, time: string): Date {
  const winter = new Date(`${date}T${time}:00Z`);
  const summer = new Date(winter.getTime() - 60 * 60_000);
  const shown = localTime(summer);
  return shown.date === date && shown.time === time ? summer : winter;
}
