import type { ProcessingWindow } from "../rulebook/index.ts";
import { localTime } from "../time/local-time.ts";

const minute = 60_000;
/** A day of 25 hours, and the longest that a window can be open or shut. */
const longestDay = 25 * 60;

/** Whether Batched CSRs may be begun now. @param window - undefined: there is none, it is always open */
export function isOpen(window: ProcessingWindow | undefined, at: Date): boolean {
  if (window === undefined) return true;
  const { opens, closes } = window;
  const { time } = localTime(at);
  return opens < closes ? opens <= time && time < closes : opens <= time || time < closes;
}

/** When the window opens or shuts next; undefined when it never does. */
export function nextChange(window: ProcessingWindow | undefined, at: Date): Date | undefined {
  const now = isOpen(window, at);
  // Minute by minute: a change of the clock may fall on any boundary, and this is asked for by persons only.
  const first = Math.floor(at.getTime() / minute) * minute;
  for (let step = 1; step <= longestDay; step += 1) {
    const then = new Date(first + step * minute);
    if (isOpen(window, then) !== now) return then;
  }
  return undefined;
}

/** A window in words, and what holds now; for those who look at the status. */
export function windowInWords(window: ProcessingWindow | undefined, at: Date): string {
  if (window === undefined) return "always";
  const change = nextChange(window, at);
  const until = change === undefined ? "" : ` until ${change.toISOString()}`;
  return `${window.opens} to ${window.closes} in Great Britain; ${isOpen(window, at) ? "open" : "shut"}${until}`;
}
