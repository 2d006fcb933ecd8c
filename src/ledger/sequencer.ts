import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { Database, LockSession } from "../database/connect.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import type { SignedCheckpoint } from "./checkpoint-signer.ts";
import { type SequencedRound, type SequencerContext, sequenceRound } from "./sequence.ts";

/** The election: whoever holds this session lock sequences. PostgreSQL drops it with the connection. */
const electionLock = 0x51_ed9e_4001n;
// The dead rows of this many taken entries are about 20 MB, which each look into the inbox would read again.
const vacuumAfterEntries = 65_536;
const longestPauseMs = 5_000;

/** What a worker's sequencer works with. */
export interface SequencerOptions extends SequencerContext {
  /**
   * Pause between two looks into the inbox, in milliseconds; an act has its leaf and checkpoint within this
   * and one round. A look into an empty inbox costs three short statements.
   */
  readonly intervalMs: number;
  /** Ends the sequencer after the round that is under way. */
  readonly abortSignal: AbortSignal;
  /** Called for each new checkpoint, when it is in the database. */
  readonly onCheckpoint?: (checkpoint: SignedCheckpoint) => void;
  /** Called when the database or key store fails; the sequencer then tries again by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

/**
 * Sequences once everything that is open, unless another process has been elected.
 *
 * @returns the last round with the total taken; undefined when another process sequences
 * @throws SmkiError as `sequenceRound`
 */
export async function sequenceOnce(context: SequencerContext): Promise<SequencedRound | undefined> {
  const elected = await context.database.tryWithSessionLock(electionLock, async (lost) => {
    let taken = 0;
    for (;;) {
      const round = await sequenceRound(context);
      taken += round.taken;
      lost.throwIfAborted();
      if (!round.isFull) return { ...round, taken };
    }
  });
  return elected?.result;
}

/**
 * Sequences until `abortSignal`. Any number of processes may run it: one is elected, and when it ends, dies or
 * loses its connection, another goes on. Run it only where the signer's store is: a process with an older copy
 * of the store refuses to sign.
 *
 * It looks by itself instead of being notified: NOTIFY takes a lock of the whole database at each commit.
 *
 * @throws SmkiError LEDGER_ROLLED_BACK, LEDGER_FORKED, LEDGER_SIGNER_BEHIND and others of the ledger: it stops,
 *   since trying again cannot help
 */
export async function runSequencer(options: SequencerOptions): Promise<void> {
  const { database, abortSignal, intervalMs } = options;
  let failures = 0;
  while (!abortSignal.aborted) {
    let session: LockSession | undefined;
    try {
      session = await database.openLockSession();
      await elect(session, intervalMs, abortSignal);
      await runElected(options, session.lost, () => {
        failures = 0;
      });
    } catch (error) {
      if (isSmkiError(error) && error.code.startsWith("LEDGER_")) throw error;
      options.onTrouble?.(error);
      failures += 1;
    } finally {
      await session?.close();
    }
    if (failures > 0) await pause(Math.min(intervalMs * 2 ** failures, longestPauseMs), abortSignal);
  }
}

/** Stands by until elected, or until told to end: then there is no work for which a lock would be needed. */
async function elect(session: LockSession, intervalMs: number, abortSignal: AbortSignal): Promise<void> {
  while (!(await session.tryLock(electionLock))) {
    await pause(intervalMs, abortSignal);
    if (abortSignal.aborted) return;
  }
}

async function runElected(options: SequencerOptions, lost: AbortSignal, onRound: () => void): Promise<void> {
  const { database, abortSignal, intervalMs, onCheckpoint } = options;
  let takenSinceVacuum = 0;
  while (!abortSignal.aborted && !lost.aborted) {
    const round = await sequenceRound(options);
    onRound();
    if (round.isNew) onCheckpoint?.(round.checkpoint);
    takenSinceVacuum += round.taken;
    if (takenSinceVacuum >= vacuumAfterEntries) {
      await vacuumInbox(database);
      takenSinceVacuum = 0;
    }
    if (!round.isFull) await pause(intervalMs, abortSignal);
  }
}

/**
 * Gives the room of taken entries to new ones. Without it each look would read the dead rows of the last minute,
 * until autovacuum comes by. The inbox has no index, so this reads only what has changed. A read-only connection
 * may do it, and no transaction can.
 */
async function vacuumInbox(database: Database): Promise<void> {
  await database.read((tx) => sql`vacuum (truncate false) ledger_inbox`.execute(tx));
}

async function pause(milliseconds: number, abortSignal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal: abortSignal }).catch(() => undefined);
}
