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
  /** Whether the CA has revoked a certificate that is on none of its lists. */
  readonly hasUnlisted: boolean;
  /** Whether a restore raised the number of the next list: others may have seen later lists than the current one. */
  readonly isRestored?: boolean;
}

/**
 * Whether a list must be made now, and why. Judged from the data alone, so that a list missed while the
 * service was down is due the moment it starts.
 *
 * A revocation makes it due at once: the hour that the Organisation CP allows is a limit, not a plan. In a burst of
 * them a long list waits a little after the one before it ({@link restAfter}), and then has all of them.
 */
export function listDue(
  { current, hasUnlisted, isRestored }: ListState,
  schedule: ListSchedule,
  now: Date,
): "first" | "restored" | "revocation" | "interval" | undefined {
  if (current === undefined) return "first";
  if (isRestored === true) return "restored";
  const since = now.getTime() - current.thisUpdate.getTime();
  // A clock before the last list is no rest: the list is asked for, and refused with what is wrong.
  if (hasUnlisted && (since < 0 || since >= restAfter(current.entries))) return "revocation";
  if (now >= after(current.thisUpdate, schedule.interval)) return "interval";
  return undefined;
}

/**
 * How long after a list the next may be made because of a revocation, in milliseconds: a second for each 10,000 entries.
 * So a burst of revocations costs a worker a tenth of its time at the most, and the disk half a megabyte a second,
 * however long the list: 100,000 entries rest for 10 seconds.
 */
function restAfter(entries: number): number {
  return Math.floor(entries / 10_000) * 1_000;
}

/** The last moment at which a list made now is good. */
export function listValidUntil(thisUpdate: Date, schedule: ListSchedule): Date {
  return after(thisUpdate, schedule.validity);
}
