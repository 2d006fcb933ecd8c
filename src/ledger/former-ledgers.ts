import { SmkiError } from "../errors/smki-error.ts";
import { formatVerifierKey, type NoteVerifier, parseVerifierKey } from "./note.ts";

/** A ledger that this one goes on from: a restore kept its first leaves and lost others. */
export interface FormerLedger {
  readonly verifier: NoteVerifier;
  /** How many of its leaves were kept. Its key vouches for nothing beyond them here. */
  readonly size: number;
}

/** Who verifies a ledger, with those before it. */
export interface LedgerVerifier extends NoteVerifier {
  readonly former?: readonly FormerLedger[];
}

/** One line: how many leaves were kept, and the verifier key (C2SP signed-note, "Verifier keys"). */
export function formatFormerLedger({ verifier, size }: FormerLedger): string {
  return `${String(size)} ${formatVerifierKey(verifier)}`;
}

/**
 * Adds the ledgers before this one to its verifier.
 *
 * @param text - lines of {@link formatFormerLedger}, the oldest first; empty where there was no such restore
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED
 */
export function withFormerLedgers(verifier: NoteVerifier, text: string): LedgerVerifier {
  const former = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): FormerLedger => {
      const [, size, key] = /^(0|[1-9]\d{0,14}) (\S+)$/.exec(line.trim()) ?? [];
      if (size === undefined || key === undefined)
        throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { line: line.slice(0, 80) });
      return { size: Number(size), verifier: parseVerifierKey(key) };
    });
  return { ...verifier, former };
}
