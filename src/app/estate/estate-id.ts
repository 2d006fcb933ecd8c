import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { SmkiError } from "../../errors/smki-error.ts";
import type { EstatePaths } from "./paths.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * What an estate calls itself in the marks of its key stores, so that no other can open them: 32 hexadecimal digits,
 * drawn when it is founded, and no secret. Without it no store is opened: it could be anybody's.
 *
 * @throws SmkiError ESTATE_ID_MISSING
 */
export function readEstateId({ estateId }: EstatePaths): string {
  try {
    const id = readFileSync(estateId, "utf8").trim();
    if (id !== "") return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  throw new SmkiError("ESTATE_ID_MISSING", { file: estateId });
}

/**
 * Gives the estate its name, at the beginning of its founding and durably: before it stands in any key store. A crash
 * leaves no name or a whole one.
 *
 * @throws SmkiError ESTATE_ID_MISSING for an estate that was founded and has lost it: another would fit no store
 */
export function ensureEstateId(paths: EstatePaths): string {
  if (existsSync(paths.estateId) || existsSync(paths.ledgerVerifierKey)) return readEstateId(paths);
  const id = randomBytes(16).toString("hex");
  writeWhole(paths.estateId, `${id}\n`, 0o644);
  return id;
}
