import { readFileSync } from "node:fs";
import { SmkiError } from "../../errors/smki-error.ts";
import { type NoteVerifier, parseVerifierKey } from "../../ledger/note.ts";
import type { EstatePaths } from "./paths.ts";

/**
 * The ledger's public verifier key, as the founding ceremony wrote it.
 *
 * @throws SmkiError ESTATE_EMPTY when no ceremony has been held here
 */
export function readVerifierKey(paths: EstatePaths): NoteVerifier {
  try {
    return parseVerifierKey(readFileSync(paths.ledgerVerifierKey, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new SmkiError("ESTATE_EMPTY", { folder: paths.data }, { cause });
    throw cause;
  }
}
