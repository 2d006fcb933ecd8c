import { setTimeout as sleep } from "node:timers/promises";
import { publishesCrl } from "../../authorities/authority.ts";
import { requireClockNotBack } from "../../authorities/clock-guard.ts";
import type { IssuingAuthority } from "../../authorities/issuing/issue.ts";
import { publishListIfDue } from "../../authorities/revocation/publish-list.ts";
import { runIssuance } from "../../issuance/run-issuance.ts";
import type { Signer } from "../../keys/signer.ts";
import { runSequencer } from "../../ledger/sequencer.ts";
import { issuerCertificates } from "../../repository/repository.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { openLedgerSigner, openOperationalSigner } from "../estate/key-stores.ts";
import { clockToleranceSeconds, crlSchedule, issuingDcaCap, issuingTerms } from "../estate/terms.ts";
import { createLog, type Log, loggable } from "./log.ts";
import { listenForStop, tellReady } from "./stopping.ts";

/**
 * The worker process: opens the operational keys, lints and signs what stands recorded, sequences the ledger,
 * makes revocation lists. It listens on no port.
 */
export async function work(settings: Settings): Promise<void> {
  const log = createLog(settings, "work");
  const stopping = listenForStop();
  const estate = await openEstate(settings, { applicationName: "smki work", server: "join" });
  try {
    const signer = await openOperationalSigner(estate);
    try {
      const ledger = await openLedgerSigner(estate, signer);
      tellReady({ signer: signer.description });
      log.info({ signer: signer.description }, "at work");
      await Promise.all([
        runIssuance(issuingAuthority(estate, signer), stopping.signal, {
          onChunk: (chunk, result) => {
            log[result === "finished" ? "info" : "warn"]({ chunk, result }, "chunk");
          },
          onFailure: (error) => {
            log.error(loggable(error), "issuing paused");
          },
        }),
        runSequencer({
          database: estate.database,
          signer: ledger,
          clock: estate.clock,
          intervalMs: milliseconds(estate.rules.checkpointInterval) / 4,
          abortSignal: stopping.signal,
          onTrouble: (error) => {
            log.error(loggable(error), "sequencing paused");
          },
        }),
        publishLists(estate, signer, stopping.signal, log),
      ]);
      log.info("stopped");
    } finally {
      await signer.close();
    }
  } finally {
    await estate.close();
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

const lookForDueListsEvery = 1_000;

/** Makes each list as it falls due: judged from the data, so that one missed while we were down is made at once. */
async function publishLists(estate: Estate, signer: Signer, stop: AbortSignal, log: Log): Promise<void> {
  const { database, clock, settings, rules } = estate;
  while (!stop.aborted) {
    try {
      const authorities = await database.read(issuerCertificates);
      for (const authority of authorities) {
        const { profile } = authority;
        if (!publishesCrl(profile) || authority.state !== "active") continue;
        const list = await database.transaction(async (tx) => {
          const now = clock();
          await requireClockNotBack(tx, now, clockToleranceSeconds(settings, rules));
          return publishListIfDue(tx, signer, authority, crlSchedule(rules, profile), now);
        });
        if (list !== undefined)
          log.info(
            { authority: list.authorityId, number: list.number, entries: list.entries },
            "list published",
          );
      }
    } catch (error) {
      log.error(loggable(error), "making lists paused");
    }
    await sleep(lookForDueListsEvery, undefined, { signal: stop }).catch(() => undefined);
  }
}
