import { after } from "../../rulebook/index.ts";

/** The moment without its milliseconds: certificates state whole seconds (RFC 5280 4.1.2.5). */
export function wholeSecond(moment: Date): Date {
  return new Date(Math.floor(moment.getTime() / 1000) * 1000);
}

/**
 * The last second of a validity period of so many years: one second short of the anniversary, since both ends
 * of a validity period are included (RFC 5280 4.1.2.5). A period that begins on 29 February ends as if it had
 * begun the day before, where the last year has no such day: it is never longer than its years.
 */
export function lastSecondAfterYears(notBefore: Date, years: number): Date {
  return new Date(after(notBefore, { value: years, unit: "years" }).getTime() - 1_000);
}
