import type { Tx } from "../database/transaction.ts";
import { milliseconds, type Rulebook } from "../rulebook/index.ts";
import { type ChannelTimes, selectTimes } from "./response-time-store.ts";

export type { ChannelTimes, Spread } from "./response-time-store.ts";

/** Response times beside the target for a single CSR. */
export interface ResponseTimes {
  readonly since: Date;
  /** SEC L8.1(a), in seconds. */
  readonly target: number;
  readonly channels: readonly ChannelTimes[];
}

/**
 * How long answers to CSRs took, each measured twice: from the last octet of the request, and from receipt as Appendix M
 * 1.2 defines it, both to the moment when the answer was sent or could be fetched. The target is that of the edition in
 * force (1 second in the response, 30 in the draft), judged on the first. What has no answer yet is told of, and counts as
 * late when the target is over.
 *
 * @param since - of what was received after it
 * @param at - now
 */
export async function responseTimes(
  tx: Tx,
  rules: Pick<Rulebook, "singleCsrTarget">,
  since: Date,
  at: Date,
): Promise<ResponseTimes> {
  const target = milliseconds(rules.singleCsrTarget) / 1_000;
  return { since, target, channels: await selectTimes(tx, since, target, at) };
}
