import { collectCosignatures } from "../../ledger/witness/collect.ts";
import { configuredWitnesses } from "../../ledger/witness/configured-witnesses.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Estate } from "../estate/estate.ts";
import { type Log, loggable } from "./log.ts";

/** Longest that a witness may take to answer, in milliseconds. */
const patience = 10_000;

/**
 * Has the witnesses that the settings name cosign the ledger's checkpoints, until `stop`. Of all web processes one
 * does it. It stands there since they open no key: what a witness answers is read where there is nothing to steal.
 *
 * @returns undefined where there are no witnesses
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED, at once: the settings are at fault
 */
export function startCollecting(
  { database, clock, rules, settings }: Estate,
  log: Log,
  stop: AbortSignal,
): Promise<void> | undefined {
  const witnesses = configuredWitnesses(settings.ledger.witnesses);
  if (witnesses.length === 0) return undefined;
  return collectCosignatures({
    database,
    clock,
    witnesses,
    timeoutMs: patience,
    intervalMs: milliseconds(rules.checkpointInterval) / 2,
    abortSignal: stop,
    onCosigned: (witness, size) => {
      log.debug({ witness, size }, "checkpoint cosigned");
    },
    onFailure: (error, witness) => {
      log.warn({ ...loggable(error), witness }, "no cosignature");
    },
  });
}
