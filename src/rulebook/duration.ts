import type { Rule, Unit } from "./rule.ts";

const exact: Partial<Record<Unit, number>> = {
  milliseconds: 1,
  seconds: 1_000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
};

/** A rule that says how long: a number with a unit of time. */
export type DurationRule = Pick<Rule<number>, "value" | "unit">;

/**
 * How long a rule's duration is.
 *
 * @param rule - with a unit from milliseconds to days
 * @returns milliseconds
 * @throws RangeError for months and years, which have no fixed length, and for units that are not of time
 */
export function milliseconds(rule: DurationRule): number {
  const each = rule.unit === undefined ? undefined : exact[rule.unit];
  if (each === undefined) throw new RangeError(`${rule.unit ?? "a plain number"} is no fixed length of time`);
  return rule.value * each;
}

/**
 * The moment a rule's duration after another. Months and years are those of the UTC calendar; where the month
 * has no such day, its last day counts (29 February 2028 and one year gives 28 February 2029).
 *
 * @throws RangeError when the rule is not a duration
 */
export function after(from: Date, rule: DurationRule): Date {
  return shifted(from, rule, 1);
}

/** The moment a rule's duration before another; otherwise as {@link after}. */
export function before(until: Date, rule: DurationRule): Date {
  return shifted(until, rule, -1);
}

function shifted(from: Date, rule: DurationRule, sign: 1 | -1): Date {
  if (rule.unit === "months") return addMonths(from, sign * rule.value);
  if (rule.unit === "years") return addMonths(from, sign * rule.value * 12);
  return new Date(from.getTime() + sign * milliseconds(rule));
}

function addMonths(from: Date, months: number): Date {
  const to = new Date(from.getTime());
  to.setUTCDate(1);
  to.setUTCMonth(to.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return to;
}
