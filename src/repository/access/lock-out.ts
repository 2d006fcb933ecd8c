/** When wrong credentials lock a user out, and for how long (SEC Appendix P 3.1). */
export interface LockOutRules {
  /** So many wrong credentials within the period lock the user out. */
  readonly attempts: number;
  /** Milliseconds. */
  readonly period: number;
}

/**
 * Until when a user is locked out: one period from the first of so many wrong credentials within a period. What led
 * to a lock-out does not lead to another once that is over.
 *
 * @param wrong - when wrong credentials were given, in order; those before an administrator's unlock left out
 * @returns undefined when the user is not locked out at `now`
 */
export function lockedUntil(
  wrong: readonly Date[],
  now: Date,
  { attempts, period }: LockOutRules,
): Date | undefined {
  let counted: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  for (const at of wrong.map(Number)) {
    if (at < until) continue;
    counted = [...counted.filter((earlier) => at - earlier < period), at];
    const [first = at] = counted;
    if (counted.length < attempts) continue;
    until = first + period;
    counted = [];
  }
  return now.getTime() < until ? new Date(until) : undefined;
}
