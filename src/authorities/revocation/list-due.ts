import { after, type DurationRule } from "../../rulebook/index.ts";

/** How often a CA's list is made and how long it is good; both from the rulebook. */
export interface ListSchedule {
  readonly interval: DurationRule;
  readonly validity: DurationRule;
}

/** What the database says of one CA's lists. */
export interface ListState {
  /** thisUpdate of the current list; absent when there is none yet. */
  readonly thisUpdate?: Date | undefined;
  readonly latestRevocationAt?: Date | undefined;
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
  if (state.thisUpdate === undefined) return "first";
  // thisUpdate states whole seconds, so a revocation in the same second may or may not be on the list: make it again.
  if (state.latestRevocationAt !== undefined && state.latestRevocationAt >= state.thisUpdate)
    return "revocation";
  if (now >= after(state.thisUpdate, schedule.interval)) return "interval";
  return undefined;
}

/** The last moment at which a list made now is good. */
export function listValidUntil(thisUpdate: Date, schedule: ListSchedule): Date {
  return after(thisUpdate, schedule.validity);
}
