import { isSmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { StoredCheckpoint } from "../entry-store.ts";
import type { NoteVerifier } from "../note.ts";
import type { Findings } from "./finding.ts";
import type { VouchedRoot } from "./tile-judge.ts";

/** Opens a stored checkpoint; one that cannot vouch for anything becomes a finding. */
export function vouchedBy(
  { size, note }: Pick<StoredCheckpoint, "size" | "note">,
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
 * them, so the first one that fails bounds what was rewritten, and the rest are only counted.
 */
export class CheckpointTrail {
  readonly #findings: Findings;
  #lastGood = 0;
  #failed: { readonly first: number; count: number } | undefined;
  held = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Takes note of whether the tree had the checkpoint's root. */
  record(size: number, holds: boolean): void {
    if (holds) {
      this.held += 1;
      this.#lastGood = size;
    } else if (this.#failed === undefined) {
      this.#failed = { first: size, count: 1 };
    } else {
      this.#failed.count += 1;
    }
  }

  /** The size up to which a checkpoint confirms the tree. */
  get lastGood(): number {
    return this.#lastGood;
  }

  /** Turns what failed into findings. */
  finish(): void {
    if (this.#failed === undefined) return;
    const { first, count } = this.#failed;
    const others = count === 1 ? "" : `, nor have ${String(count - 1)} later ones theirs`;
    const what = `the tree has not the root that was signed${others}: a leaf or tile from leaf ${String(this.#lastGood)} to ${String(first - 1)} is not what was recorded`;
    this.#findings.add({ kind: "checkpoint-root", what, checkpoint: first, leaf: this.#lastGood });
  }
}
