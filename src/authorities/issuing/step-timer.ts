/** The steps whose duration is told: the check of CSRs, and the five of issuing. */
export const timedSteps = ["check", "intend", "record", "sign", "compare", "publish"] as const;
export type TimedStep = (typeof timedSteps)[number];

/** Who is told how long a step took, in seconds, and how many CSRs it took together. */
export type TellStep = (step: TimedStep, seconds: number, requests: number) => void;

/**
 * Times steps that follow each other, from now on.
 *
 * @returns to be called at the end of each: it tells what passed since the end of the one before
 */
export function stepTimer(tell: TellStep | undefined): (step: TimedStep, requests: number) => void {
  let since = performance.now();
  return (step, requests) => {
    const now = performance.now();
    tell?.(step, (now - since) / 1_000, requests);
    since = now;
  };
}
