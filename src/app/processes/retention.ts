import { setTimeout as sleep } from "node:timers/promises";
import { type Archive, type RetentionContext, runRetention } from "../../backup/retention/retention.ts";
import type { Estate } from "../estate/estate.ts";

/** Once a day, and at start. */
const everyMilliseconds = 86_400_000;

/** What the job tells; the worker logs it. */
export interface RetentionEvents {
  readonly onArchive: (archive: Archive) => void;
  readonly onFailure: (error: unknown) => void;
}

/** What retention works with, out of an estate. */
export function retentionOf({ database, clock, rules, paths }: Estate, by: string): RetentionContext {
  return { database, clock, rules, folder: paths.archive, by };
}

/**
 * Archives each day what has been on line for as long as it must, until `stop`. Any number of workers run it: one is
 * elected each time. A failure waits for the next day: everything stays on line until then.
 */
export async function keepRetention(
  estate: Estate,
  stop: AbortSignal,
  events: RetentionEvents,
): Promise<void> {
  while (!stop.aborted) {
    try {
      const archive = await runRetention(retentionOf(estate, "system"));
      if (archive !== undefined) events.onArchive(archive);
    } catch (error) {
      events.onFailure(error);
    }
    await sleep(everyMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  }
}
