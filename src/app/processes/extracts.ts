import { setTimeout as sleep } from "node:timers/promises";
import { isSmkiError } from "../../errors/smki-error.ts";
import { type ExtractContext, makeExtracts, unfinishedKind } from "../../repository/extract/make-extract.ts";
import { type ExtractRecord, extractRecords, removeOutdated } from "../../repository/extract/published.ts";
import { dueExtract, type ExtractSchedule } from "../../repository/extract/schedule.ts";
import type { Estate } from "../estate/estate.ts";

const lookEvery = 60_000;

/** What the job tells; the worker logs it. */
export interface ExtractEvents {
  readonly onExtract: (extract: ExtractRecord) => void;
  readonly onRemoved: (names: readonly string[]) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Where the extracts of an estate lie. */
export const extractFolder = ({ settings, paths }: Pick<Estate, "settings" | "paths">): string =>
  settings.extract.folder ?? paths.extracts;

/** What extracts are made with, out of an estate. */
export function extractContext(estate: Estate, by: string): ExtractContext {
  const { database, connectionString, clock, settings } = estate;
  return {
    database,
    connectionString,
    clock,
    folder: extractFolder(estate),
    quorum: settings.ledger.quorum,
    by,
  };
}

/** When extracts are made: as the rules say, at the hour and on the day that the settings say if they do. */
function extractSchedule({ rules, settings }: Estate): ExtractSchedule {
  const { hour, fullDay } = rules.repositoryExtractTime.value;
  return {
    every: rules.repositoryExtracts.value,
    hour: settings.extract.hour ?? hour,
    fullDay: settings.extract.fullDay ?? fullDay,
  };
}

/** Makes each extract as it falls due, and deletes old ones, until `stop`. Any number of workers run it: one is elected. */
export async function keepExtracts(estate: Estate, stop: AbortSignal, events: ExtractEvents): Promise<void> {
  const { database, clock, settings } = estate;
  const { enabled, keptFulls } = settings.extract;
  while (enabled && !stop.aborted) {
    try {
      const due =
        dueExtract(await database.read(extractRecords), extractSchedule(estate), clock()) ??
        (await unfinishedKind(extractFolder(estate)));
      if (due !== undefined) {
        const made = await makeExtracts({ ...extractContext(estate, "system"), stop }, due);
        made.forEach(events.onExtract);
        const removed = await removeOutdated(database, extractFolder(estate), clock, keptFulls);
        if (removed.length > 0) events.onRemoved(removed);
      }
    } catch (error) {
      if (!hasEnded(stop) && !isSmkiError(error, "EXTRACT_UNDER_WAY")) events.onFailure(error);
    }
    await sleep(lookEvery, undefined, { signal: stop }).catch(() => undefined);
  }
  await untilAborted(stop);
}

/** A loop that ends would end the worker. */
const untilAborted = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener("abort", () => {
      resolve();
    });
  });

/** A function, since it changes while others are waited for. */
const hasEnded = (stop: AbortSignal): boolean => stop.aborted;
