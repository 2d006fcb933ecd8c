import type { BatchPolling } from "../../rulebook/index.ts";
import { localTime, momentOf, nextDay } from "../../time/local-time.ts";

/** When the batch was sent, and when it was last asked for. */
export interface AskedBatch {
  readonly submittedAt: Date;
  readonly polledAt: Date | undefined;
}

/**
 * When a Party may ask for a batch next (SEC Appendix N 3.1.3): not before the morning after it was sent, or the evening
 * after for one sent in the evening; then at most once an hour, in the night. By day no batch is worked on, so that
 * asking then is left out, although the text limits only how often it is done by night.
 */
export function nextPoll({ submittedAt, polledAt }: AskedBatch, rule: BatchPolling): Date {
  const { date, time } = localTime(submittedAt);
  const isByDay = time < rule.dayEnds;
  const first = momentOf(nextDay(date), isByDay ? rule.notBeforeNextDayAt : rule.lateNotBeforeNextDayAt);
  if (polledAt === undefined) return first;
  const hourly = new Date(Math.max(first.getTime(), polledAt.getTime() + rule.minutesBetween * 60_000));
  const next = localTime(hourly);
  const isByNight = next.time >= rule.lateNotBeforeNextDayAt || next.time <= rule.notBeforeNextDayAt;
  return isByNight ? hourly : momentOf(next.date, rule.lateNotBeforeNextDayAt);
}
