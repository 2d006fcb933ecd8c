import type { BatchPolling } from "../rulebook/index.ts";
import { localTime, nextDay } from "../time/local-time.ts";

/** What Appendix N section 3.1.3 would have a Party not do. It is told, and refused nothing. */
export interface PollManners {
  /** Before the time of day from which the results of this batch may be asked for. */
  readonly isEarly: boolean;
  /** By night, when batches are worked on, too soon after the poll before, which did not get results. */
  readonly isFrequent: boolean;
  /** After the results were fetched. */
  readonly isRepeated: boolean;
}

/** What is known of a batch when it is asked for. */
export interface PolledBatch {
  readonly receivedAt: Date;
  readonly lastPolledAt: Date | undefined;
  readonly firstFetchedAt: Date | undefined;
}

/** Judges one poll. Times of day are those of Great Britain. */
export function judgePoll(batch: PolledBatch, rule: BatchPolling, at: Date): PollManners {
  const { receivedAt, lastPolledAt, firstFetchedAt } = batch;
  const received = localTime(receivedAt);
  const now = localTime(at);
  const notBefore = received.time < rule.dayEnds ? rule.notBeforeNextDayAt : rule.lateNotBeforeNextDayAt;
  const sinceLast = lastPolledAt === undefined ? Infinity : at.getTime() - lastPolledAt.getTime();
  // The text limits only how often it is done from 22:00 to 08:00.
  const isByNight = now.time >= rule.lateNotBeforeNextDayAt || now.time < rule.notBeforeNextDayAt;
  return {
    isEarly: `${now.date} ${now.time}` < `${nextDay(received.date)} ${notBefore}`,
    isFrequent: isByNight && firstFetchedAt === undefined && sinceLast < rule.minutesBetween * 60_000,
    isRepeated: firstFetchedAt !== undefined,
  };
}
