import { isSmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { NoteVerifier } from "../note.ts";
import type { Findings } from "./finding.ts";
import type { KeptCheckpoint } from "./source.ts";
import type { VouchedRoot } from "./tile-judge.ts";

/** Opens a stored checkpoint; one that cannot vouch for anything becomes a finding. */
export function vouchedBy(
  { size, note }: KeptCheckpoint,
  verifier: NoteVerifier,
  findings: Findings,
): VouchedRoot | undefined {
  try {
    const checkpoint = openCheckpoint(note, verifier);
    if (checkpoint.size === size) return checkpoint;
    const what = `the checkpoint stored for size ${String(size)} is signed for size ${String(checkpoint.size)}`;
    findings.add({ kind: "checkpoint-size", what, checkpoint: size });
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    findings.add({
      kind: "checkpoint-signature",
      what: `the checkpoint cannot be relied on: ${error.message}`,
      checkpoint: size,
    });
  }
  return undefined;
}

/**
 * Follows the checkpoints as the tree is worked out again. A tree that has left its checkpoints never returns to
 * them, so the first one that fails bounds what was rewritten, and the rest are only counted. Those from outside are
 * followed apart: history that was rewritten and signed again holds by its own checkpoints, and not by theirs.
 */
export class CheckpointTrail {
  readonly #findings: Findings;
  readonly #whose: "own" | "outside";
  #lastGood = 0;
  #failed: { readonly first: number; readonly after: number; count: number } | undefined;

  constructor(findings: Findings, whose: "own" | "outside") {
    this.#findings = findings;
    this.#whose = whose;
  }

  /** Takes note of whether the tree had the checkpoint's root. */
  record(size: number, holds: boolean): void {
    if (holds) this.#lastGood = size;
    else if (this.#failed === undefined) this.#failed = { first: size, after: this.#lastGood, count: 1 };
    else this.#failed.count += 1;
  }

  /** Turns what failed into a finding. */
  finish(): void {
    if (this.#failed === undefined) return;
    const { first, after, count } = this.#failed;
    const others = count === 1 ? "" : `, nor have ${String(count - 1)} later ones theirs`;
    const where = `from leaf ${String(after)} to ${String(first - 1)}`;
    if (this.#whose === "own") {
      const what = `the tree has not the root that was signed${others}: a leaf or tile ${where} is not what was recorded`;
      this.#findings.add({ kind: "checkpoint-root", what, checkpoint: first, leaf: after });
    } else {
      const what = `the tree has not the root that a checkpoint from outside states${others}: history was rewritten ${where} after it was signed`;
      this.#findings.add({ kind: "history-rewritten", what, checkpoint: first, leaf: after });
    }
  }
}
