import { SmkiError } from "../../errors/smki-error.ts";
import type { DerReader } from "./reader.ts";
import { Tag } from "./tags.ts";
import { element } from "./writer.ts";

/** A time as a certificate or CRL holds it: which of the two types, its text, and the instant it names. */
export interface Time {
  readonly type: "UTCTime" | "GeneralizedTime";
  /** As encoded, such as `160406000000Z` or `99991231235959Z`. */
  readonly text: string;
  /** Milliseconds since 1970-01-01T00:00:00Z, always whole seconds. */
  readonly milliseconds: number;
}

/** 99991231235959Z: "no well-defined expiration date" (RFC 5280 4.1.2.5). */
export const indefinite: number = Date.UTC(9999, 11, 31, 23, 59, 59);

const year1950 = Date.UTC(1950, 0, 1);
const year2050 = Date.UTC(2050, 0, 1);

/**
 * Reads a Time (RFC 5280 4.1.2.5.1 and 4.1.2.5.2): seconds present, `Z`, no fraction, a real date.
 * Which type a year ought to have is a rule of the profile, not of the syntax, and is left to lint.
 *
 * @throws SmkiError DER_TIME_INVALID
 */
export function readTime(reader: DerReader): Time {
  // A list has a time in each entry: no buffer is made of it.
  return reader.next(Tag.utcTime)
    ? reader.inPlace(Tag.utcTime, utcTimeAt)
    : reader.inPlace(Tag.generalizedTime, generalizedTimeAt);
}

const utcTimeAt = (source: Buffer, start: number, end: number, offset: number): Time =>
  timeAt(source, start, end, offset, "UTCTime");
const generalizedTimeAt = (source: Buffer, start: number, end: number, offset: number): Time =>
  timeAt(source, start, end, offset, "GeneralizedTime");

function timeAt(source: Buffer, start: number, end: number, offset: number, type: Time["type"]): Time {
  const milliseconds = instantAt(source, start, end, type === "UTCTime");
  if (milliseconds === undefined) throw new SmkiError("DER_TIME_INVALID", { offset });
  return { type, text: source.toString("latin1", start, end), milliseconds };
}

/** The instant that contents octets of a UTCTime or GeneralizedTime name; undefined when malformed. */
export function instantOf(text: Buffer, isUtc: boolean): number | undefined {
  return instantAt(text, 0, text.length, isUtc);
}

function instantAt(text: Buffer, start: number, end: number, isUtc: boolean): number | undefined {
  if (end - start !== (isUtc ? 13 : 15) || text[end - 1] !== 0x5a) return undefined;
  const two = (at: number): number => {
    const high = (text[start + at] ?? 0) - 0x30;
    const low = (text[start + at + 1] ?? 0) - 0x30;
    return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? 10 * high + low : Number.NaN;
  };
  const at = isUtc ? 2 : 4;
  const years = two(0);
  const year = isUtc ? years + (years >= 50 ? 1900 : 2000) : 100 * years + two(2);
  const month = two(at);
  const day = two(at + 2);
  const hour = two(at + 4);
  const minute = two(at + 6);
  const second = two(at + 8);
  // Date.UTC takes years 0 to 99 for 1900 to 1999; and what is no number is in no range.
  const inRange =
    year >= 100 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  return inRange ? Date.UTC(year, month - 1, day, hour, minute, second) : undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * Writes a Time: UTCTime from 1950 through 2049, else GeneralizedTime (RFC 5280 4.1.2.5).
 *
 * @param milliseconds - a whole second since 1970-01-01T00:00:00Z, from year 100 to 9999
 * @throws SmkiError DER_TIME_INVALID when it cannot be written without loss
 */
export function time(milliseconds: number): Buffer {
  if (!(milliseconds % 1000 === 0 && milliseconds <= indefinite && milliseconds >= Date.UTC(100, 0, 1))) {
    throw new SmkiError("DER_TIME_INVALID", { milliseconds });
  }
  const digits = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.000/g, "");
  return milliseconds >= year1950 && milliseconds < year2050
    ? element(Tag.utcTime, Buffer.from(digits.slice(2), "latin1"))
    : element(Tag.generalizedTime, Buffer.from(digits, "latin1"));
}
