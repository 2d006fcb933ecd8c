import { setTimeout as sleep } from "node:timers/promises";
import type { IssuingAuthority } from "../../authorities/issuing/issue.ts";
import { lookForKeys, lookForKeysEvery } from "../../authorities/missing-keys.ts";
import { runIssuance } from "../../issuance/run-issuance.ts";
import { removeStaleUploads } from "../../issuance/stale-uploads.ts";
import type { Signer } from "../../keys/signer.ts";
import type { CheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { runSequencer } from "../../ledger/sequencer.ts";
import { requireSignedHistory } from "../../ledger/signed-history.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { openLedgerSigner, openOperationalSigner } from "../estate/key-stores.ts";
import { batchTerms, clockToleranceSeconds, issuingDcaCap, issuingTerms } from "../estate/terms.ts";
import { keepExtracts } from "./extracts.ts";
import { KeyWatch } from "./key-watch.ts";
import { createLog, type Log, loggable } from "./log.ts";
import { publishLists } from "./publish-lists.ts";
import { keepRetention } from "./retention.ts";
import { runTogether } from "./run-together.ts";
import { putsHistoryInDoubt, untilHistoryHolds } from "./signed-history.ts";
import { listenForStop, tellReady } from "./stopping.ts";
import { WorkerMetrics } from "./worker-metrics.ts";
import { startWorkerOperations } from "./worker-operations.ts";

/**
 * The worker process: opens the operational keys, lints and signs what stands recorded, sequences the ledger,
 * makes revocation lists. It listens on no port but, where the settings say so, on one of loopback for its own figures.
 *
 * Nothing is signed on a database that does not hold what the ledger's signer has signed for. When one of its
 * loops cannot go on, or the key store is away for good, all of it ends, so that the supervisor starts another.
 *
 * @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED and others of the ledger; KEY_STORE_UNAVAILABLE when a token
 *   session was lost; and whatever keeps the estate or its keys from being opened
 */
export async function work(settings: Settings): Promise<void> {
  const log = createLog(settings, "work");
  const stopping = listenForStop();
  const estate = await openEstate(settings, { applicationName: "smki work", server: "join" });
  try {
    const signer = await openOperationalSigner(estate);
    try {
      const ledger = await openLedgerSigner(estate, signer);
      await requireSignedHistory(estate.database, ledger);
      const metrics = new WorkerMetrics();
      const operations = await startWorkerOperations(estate, log, stopping.signal, metrics);
      try {
        tellReady({ signer: signer.description, ...operations.where });
        log.info({ signer: signer.description, ...operations.where }, "at work");
        await workAt({ estate, signer, ledger, log, keys: new KeyWatch(), metrics }, stopping.signal);
        log.info("stopped");
      } finally {
        await operations.close();
      }
    } catch (error) {
      log.fatal(loggable(error), "the worker ends");
      throw error;
    } finally {
      await signer.close();
    }
  } finally {
    await estate.close();
  }
}

/** What the loops of one worker work with. */
export interface Desk {
  readonly estate: Estate;
  readonly signer: Signer;
  readonly ledger: CheckpointSigner;
  readonly keys: KeyWatch;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
}

/** The loops of a worker, until `stop`; when one of them cannot go on, all end. @throws its failure */
export function workAt(desk: Desk, stop: AbortSignal): Promise<void> {
  return runTogether(stop, [
    (either) => issue(desk, either),
    (either) => sequence(desk, either),
    (either) => makeLists(desk, either),
    (either) => archive(desk, either),
    (either) => extract(desk, either),
    (either) => clearUploads(desk, either),
    (either) => watchKeys(desk, either),
    (either) => desk.keys.untilLost(either),
  ]);
}

const pauseAfterFailure = 500;

/** Issues; after a failure that may have brought another database, only once that one is seen to be the ledger's. */
async function issue({ estate, signer, ledger, keys, metrics, log }: Desk, stop: AbortSignal): Promise<void> {
  const authority = { ...issuingAuthority(estate, signer), onStepTimed: metrics.step };
  while (!stop.aborted) {
    const inDoubt = new AbortController();
    await runIssuance(authority, AbortSignal.any([stop, inDoubt.signal]), {
      window: batchTerms(estate.settings, estate.rules).window,
      onChunk: (chunk, result) => {
        metrics.chunk(result);
        log[result === "finished" ? "info" : "warn"]({ chunk, result }, "chunk");
      },
      onBatch: (batch, result) => {
        metrics.batch(result);
        log[result === "tampered" ? "error" : "info"]({ batch, result }, "batch checked");
      },
      onFailure: (error) => {
        log.error(loggable(error), "issuing paused");
        metrics.failed("issuing", error);
        keys.failed(error);
        if (putsHistoryInDoubt(error)) inDoubt.abort();
      },
    });
    await sleep(pauseAfterFailure, undefined, { signal: stop }).catch(() => undefined);
    await untilHistoryHolds(estate.database, ledger, stop, (error) => {
      log.error(loggable(error), "issuing paused");
      metrics.failed("issuing", error);
    });
  }
}

function sequence({ estate, ledger, keys, metrics, log }: Desk, stop: AbortSignal): Promise<void> {
  return runSequencer({
    database: estate.database,
    signer: ledger,
    clock: estate.clock,
    intervalMs: milliseconds(estate.rules.checkpointInterval) / 4,
    abortSignal: stop,
    onCheckpoint: () => {
      keys.signed();
      metrics.signed("checkpoint");
    },
    onTrouble: (error) => {
      log.error(loggable(error), "sequencing paused");
      metrics.failed("sequencing", error);
      keys.failed(error);
    },
  });
}

function makeLists({ estate, signer, ledger, keys, metrics, log }: Desk, stop: AbortSignal): Promise<void> {
  const onFailure = (error: unknown, authority?: string) => {
    log.error({ ...loggable(error), authority }, "making lists paused");
    metrics.failed("lists", error);
    keys.failed(error);
    isInDoubt ||= putsHistoryInDoubt(error);
  };
  let isInDoubt = false;
  return publishLists(estate, signer, stop, {
    beforeRound: async () => {
      if (!isInDoubt) return;
      await untilHistoryHolds(estate.database, ledger, stop, onFailure);
      isInDoubt = false;
    },
    onList: ({ authorityId, number, entries }) => {
      keys.signed();
      metrics.signed("list");
      log.info({ authority: authorityId, number, entries }, "list published");
    },
    onFailure,
  });
}

/** Nothing waits for it, and it signs nothing: a failure of it ends no worker. */
function archive({ estate, log }: Desk, stop: AbortSignal): Promise<void> {
  return keepRetention(estate, stop, {
    onArchive: ({ id, intents, chunks, digest }) => {
      log.info({ archive: id, intents, chunks, digest }, "records archived");
    },
    onFailure: (error) => {
      log.error(loggable(error), "archiving waits for the next day");
    },
  });
}

/** Nothing waits for it, and it signs nothing: a failure of it ends no worker. */
function extract({ estate, log }: Desk, stop: AbortSignal): Promise<void> {
  return keepExtracts(estate, stop, {
    onExtract: ({ manifest: { name, fromSize, size } }) => {
      log.info({ extract: name, fromSize, size }, "extract published");
    },
    onRemoved: (names) => {
      log.info({ extracts: names }, "old extracts removed");
    },
    onFailure: (error) => {
      log.error(loggable(error), "making extracts waits");
    },
  });
}

/** Looks for the keys of all CAs that may come to sign, so that the status can name one that is missing. */
async function watchKeys({ estate, signer, log }: Desk, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const missing = await lookForKeys(estate.database, signer, estate.clock);
      if (missing.length > 0) log.error({ missing }, "keys are missing");
    } catch (error) {
      // Whoever signs meets it too, and does what is to be done.
      log.warn(loggable(error), "looking for keys waits");
    }
    await sleep(lookForKeysEvery, undefined, { signal: stop }).catch(() => undefined);
  }
}

const clearUploadsEvery = 60_000;

/** Removes uploads that nobody goes on with. A failure of it ends no worker: they are invisible, and wait. */
async function clearUploads({ estate, log }: Desk, stop: AbortSignal): Promise<void> {
  const { database, clock, settings } = estate;
  while (!stop.aborted) {
    try {
      const since = new Date(clock().getTime() - settings.batches.idleUploadMinutes * 60_000);
      const removed = await removeStaleUploads(database, since);
      if (removed.length > 0) log.info({ batches: removed }, "uploads that nobody went on with were removed");
    } catch (error) {
      log.warn(loggable(error), "removing uploads waits");
    }
    await sleep(clearUploadsEvery, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** What the issuing cycle works with, out of an estate and its operational keys. */
function issuingAuthority(estate: Estate, signer: Signer): IssuingAuthority {
  const { database, clock, settings, rules } = estate;
  return {
    database,
    signer,
    clock,
    terms: issuingTerms(settings, rules),
    deviceCap: issuingDcaCap(rules),
    clockToleranceSeconds: clockToleranceSeconds(settings, rules),
  };
}
