import { after, type DurationRule } from "../../rulebook/index.ts";

/** How often a CA's list is made and how long it is good; both from the rulebook. */
export interface ListSchedule {
  readonly interval: DurationRule;
  readonly validity: DurationRule;
}

/** What the database says of one CA's lists. */
export interface ListState {
  /** The current list; absent when there is none yet. */
  readonly current?: { readonly thisUpdate: Date; readonly entries: number } | undefined;
  /** What the CA has revoked up to now. */
  readonly revocations: number;
}

/**
 * Whether a list must be made now, and why. Judged from the data alone, so that a list missed while the
 * service was down is due the moment it starts.
 *
 * A revocation makes it due at once: the hour that the Organisation CP allows is a limit, not a plan.
 */
export function listDue(
  state: ListState,
  schedule: ListSchedule,
  now: Date,
): "first" | "revocation" | "interval" | undefined {
  const { current, revocations } = state;
  if (current === undefined) return "first";
  // By count, never by time: a revocation that commits while a list is being made bears an earlier time than the
  // list that lacks it. Nothing is ever taken off a list, so that equal counts mean equal lists.
  if (revocations !== current.entries) return "revocation";
  if (now >= after(current.thisUpdate, schedule.interval)) return "interval";
  return undefined;
}

/** The last moment at which a list made now is good. */
export function listValidUntil(thisUpdate: Date, schedule: ListSchedule): Date {
  return after(thisUpdate, schedule.validity);
}
