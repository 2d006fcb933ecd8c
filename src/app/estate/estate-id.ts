import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { EstatePaths } from "./paths.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * What an estate calls itself in the marks of its key stores, so that no other can open them: 32 hexadecimal digits,
 * drawn when it is founded, and no secret.
 *
 * @returns undefined for an estate that was founded before estates had one
 */
export function readEstateId({ estateId }: EstatePaths): string | undefined {
  try {
    return readFileSync(estateId, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Gives the estate its name, at the beginning of its founding and durably: before it stands in any key store. A crash
 * leaves no name or a whole one.
 */
export function ensureEstateId(paths: EstatePaths): string {
  const known = readEstateId(paths);
  if (known !== undefined) return known;
  const id = randomBytes(16).toString("hex");
  writeWhole(paths.estateId, `${id}\n`, 0o644);
  return id;
}
