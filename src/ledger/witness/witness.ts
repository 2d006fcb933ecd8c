import { SmkiError } from "../../errors/smki-error.ts";
import type { Clock } from "../../time/clock.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { type NoteVerifier, openNote, parseNote, type SignOctets } from "../note.ts";
import { parseAddCheckpoint } from "./add-checkpoint.ts";
import { type Cosignature, cosign, readCosignature } from "./cosignature.ts";
import { nothingWitnessed, openSubmission, requireNext, type WitnessedTree } from "./decide.ts";
import { openWitnessedStore, originHash, type WitnessedStore } from "./witnessed-store.ts";

/** The steps of cosigning, in order, by which tests fail each. */
export type WitnessStep = "checked" | "cosigned" | "kept";

/** What a witness works with. */
export interface WitnessOptions {
  /** Its own name and public key, of kind `cosignature`. */
  readonly verifier: NoteVerifier;
  readonly sign: SignOctets;
  /** The keys of the logs that it watches. */
  readonly logs: readonly NoteVerifier[];
  readonly store: WitnessedStore;
  readonly clock: Clock;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: WitnessStep) => void;
}

/** A witness: it cosigns a checkpoint of a log only if that extends every one that it cosigned before. */
export interface Witness {
  readonly verifier: NoteVerifier;
  /**
   * Answers a log's request (C2SP tlog-witness, "add-checkpoint").
   *
   * @returns the cosignature; the checkpoint is then kept, durably
   * @throws SmkiError those of `openSubmission` and `requireNext`, LEDGER_WITNESS_STORE_DAMAGED
   */
  addCheckpoint(body: Uint8Array): Promise<Cosignature>;
  /**
   * The checkpoint of a log that was cosigned last, with its signatures and ours.
   *
   * @param hash - SHA-256 of the log's origin, in lower-case hex
   * @returns undefined when none of that log was
   */
  lastCheckpoint(hash: string): Promise<string | undefined>;
}

interface Kept extends WitnessedTree {
  /** When it was cosigned. */
  readonly at: Date;
}

/** Opens a witness that keeps what it cosigned last in a folder, which is made if there is none. */
export async function openWitness(options: Omit<WitnessOptions, "store">, folder: string): Promise<Witness> {
  return createWitness({ ...options, store: await openWitnessedStore(folder) });
}

/** Makes a witness of its key, the logs that it watches and its store. */
export function createWitness(options: WitnessOptions): Witness {
  const { verifier, sign, logs, store, clock, afterStep } = options;
  const knownHashes = new Set(logs.map(({ name }) => originHash(name)));

  /** What was kept of a log. What does not bear our own cosignature is refused: nobody else writes there. */
  async function readKept(hash: string): Promise<Kept> {
    const note = await store.read(hash);
    if (note === undefined) return { ...nothingWitnessed, at: new Date(0) };
    try {
      const checkpoint = parseCheckpoint(openNote(note, [verifier]));
      if (originHash(checkpoint.origin) !== hash) throw new Error("of another log");
      const { text } = parseNote(note);
      return { ...checkpoint, at: readCosignature(text, note.slice(text.length + 1), verifier).at };
    } catch (cause) {
      throw new SmkiError("LEDGER_WITNESS_STORE_DAMAGED", { log: hash }, { cause });
    }
  }

  return {
    verifier,
    addCheckpoint: async (body) => {
      // Before the lock: whoever has no checkpoint of a log that we know keeps nobody waiting.
      const submission = openSubmission(parseAddCheckpoint(body), logs);
      const hash = originHash(submission.checkpoint.origin);
      return await store.exclusively(hash, async () => {
        const kept = await readKept(hash);
        requireNext(kept, submission);
        afterStep?.("checked");
        // A clock that was set back does not make us say that we saw the larger tree before the smaller one.
        const at = new Date(Math.max(clock().getTime(), kept.at.getTime()));
        const cosignature = await cosign(submission.text, verifier, sign, at);
        afterStep?.("cosigned");
        // A crash before this line loses a cosignature that nobody has seen. A crash after it leaves a checkpoint
        // that the log has no cosignature for: the log is told its size, and asks again from there. Were the
        // cosignature given away first, a crash would leave us free to cosign another history.
        await store.replace(hash, submission.note + cosignature.line);
        afterStep?.("kept");
        return cosignature;
      });
    },
    lastCheckpoint: (hash) => (knownHashes.has(hash) ? store.read(hash) : Promise.resolve(undefined)),
  };
}
