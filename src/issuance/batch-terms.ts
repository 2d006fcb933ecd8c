import type { BatchPolling, DurationRule, ProcessingWindow } from "../rulebook/index.ts";

/** The rules that Batched CSRs run by, out of the rulebook and the settings. */
export interface BatchTerms {
  /** SEC L8.2. */
  readonly maximumBatchSize: number;
  /** Who approves an accepted batch: the rule at once, or a person of the Registration Authority. */
  readonly approval: "rule" | "person";
  /** Undefined: batches are worked on at any time. */
  readonly window: ProcessingWindow | undefined;
  /** How long results can be fetched. */
  readonly pickup: DurationRule;
  /** What Appendix N asks of those who poll. */
  readonly polling: BatchPolling;
}
