import { setTimeout as sleep } from "node:timers/promises";
import type { LockSession } from "../../database/connect.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { newestCheckpoint, type StoredCheckpoint } from "../entry-store.ts";
import { type AskContext, askForNewest } from "./ask-for-newest.ts";
import { newestOf, recordFailure } from "./cosignature-store.ts";
import type { ConfiguredWitness } from "./witness-client.ts";

/** The election: whoever holds this session lock asks the witnesses. PostgreSQL drops it with the connection. */
const electionLock = 0x51_ed9e_4003n;
/** What a round waits for its slowest witness; that one joins again when it has answered. */
const longestRoundMs = 2_500;
const longestPauseMs = 60_000;

/** What collecting works with. */
export interface CollectorOptions extends AskContext {
  readonly witnesses: readonly ConfiguredWitness[];
  /** Pause between two looks for a newer checkpoint, and the first pause after a failure, in milliseconds. */
  readonly intervalMs: number;
  /** Called for each cosignature, when it is in the database. */
  readonly onCosigned?: (witness: string, size: number) => void;
  /** Called when a witness gives none, or the database fails; it is then tried again by itself. */
  readonly onFailure?: (error: unknown, witness?: string) => void;
}

/** A witness, and how it stands with it. */
interface Asked {
  readonly witness: ConfiguredWitness;
  /** The size that it cosigned last, as far as we know. */
  size: number;
  /** It has answered since we were elected. */
  hasAnswered: boolean;
  busy: boolean;
  failures: number;
  /** Not asked before this moment of `performance.now()`. */
  notBefore: number;
}

/**
 * Collects cosignatures until `abortSignal`. Any number of processes may run it: one is elected. Nothing waits for
 * it: without witnesses the ledger goes on, and what a witness missed is made up by its next cosignature.
 *
 * In rounds: every witness that is free is asked about the same newest checkpoint, so that under load too there are
 * checkpoints which all of them have cosigned. Checkpoints that came and went meanwhile are passed over.
 */
export async function collectCosignatures(options: CollectorOptions): Promise<void> {
  const { database, abortSignal, intervalMs, witnesses, onFailure } = options;
  while (!abortSignal.aborted && witnesses.length > 0) {
    let session: LockSession | undefined;
    try {
      session = await database.openLockSession();
      if (await session.tryLock(electionLock)) await collectElected(options, session.lost);
    } catch (error) {
      onFailure?.(error);
    } finally {
      await session?.close();
    }
    await pause(4 * intervalMs, abortSignal);
  }
}

async function collectElected(options: CollectorOptions, lost: AbortSignal): Promise<void> {
  const { database, intervalMs } = options;
  const ended = new AbortController();
  const abortSignal = AbortSignal.any([options.abortSignal, lost, ended.signal]);
  const elected = { ...options, abortSignal };
  const asked = await database.read((tx) =>
    Promise.all(
      options.witnesses.map(async (witness): Promise<Asked> => {
        const size = (await newestOf(tx, witness.verifier))?.size ?? 0;
        return { witness, size, hasAnswered: false, busy: false, failures: 0, notBefore: 0 };
      }),
    ),
  );
  try {
    while (!abortSignal.aborted) {
      const checkpoint = await database.read(newestCheckpoint);
      if (checkpoint !== undefined) {
        const due = asked.filter((one) => isDue(one, checkpoint.size));
        const round = due.map((one) => askOne(elected, one, checkpoint));
        await Promise.race([Promise.all(round), pause(longestRoundMs, abortSignal)]);
      }
      await pause(intervalMs, abortSignal);
    }
  } finally {
    // Whoever is elected next asks anew: no witness is left with two requests.
    ended.abort();
  }
}

/**
 * Whoever has been elected asks each witness once, whatever the database says of it: one that was put back while
 * nobody looked holds everything that it ever asked for, and only the witness knows of more.
 */
function isDue({ busy, hasAnswered, size, notBefore }: Asked, newest: number): boolean {
  return !busy && (!hasAnswered || size !== newest) && performance.now() >= notBefore;
}

/** One request at a time to each witness. Never throws: a witness that fails holds up no other. */
async function askOne(options: CollectorOptions, asked: Asked, checkpoint: StoredCheckpoint): Promise<void> {
  const { intervalMs, abortSignal, onCosigned, onFailure } = options;
  const { name } = asked.witness.verifier;
  asked.busy = true;
  try {
    asked.size = await askForNewest(options, asked.witness, checkpoint, asked.size);
    asked.hasAnswered = true;
    asked.failures = 0;
    if (asked.size === checkpoint.size) onCosigned?.(name, asked.size);
  } catch (error) {
    if (abortSignal.aborted) return;
    asked.failures += 1;
    asked.notBefore = performance.now() + Math.min(intervalMs * 2 ** asked.failures, longestPauseMs);
    onFailure?.(error, name);
    await keepFailure(options, asked, error);
  } finally {
    asked.busy = false;
  }
}

/** For `smki ledger witnesses`. A database that fails is told where it is next asked for something. */
async function keepFailure(
  { database, clock }: CollectorOptions,
  asked: Asked,
  error: unknown,
): Promise<void> {
  if (!isSmkiError(error) || !error.code.startsWith("LEDGER_")) return;
  const { verifier } = asked.witness;
  await database.transaction((tx) => recordFailure(tx, verifier, error, clock())).catch(() => undefined);
}

async function pause(milliseconds: number, abortSignal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal: abortSignal }).catch(() => undefined);
}
