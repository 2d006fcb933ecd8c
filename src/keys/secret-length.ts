import { SmkiError } from "../errors/smki-error.ts";

/** From AES-128 to the longest key that HMAC-SHA-256 uses whole. */
const SHORTEST = 16;
const LONGEST = 64;

/** @throws SmkiError KEY_SECRET_LENGTH_INVALID */
export function requireSecretLength(octets: number): void {
  if (!Number.isInteger(octets) || octets < SHORTEST || octets > LONGEST)
    throw new SmkiError("KEY_SECRET_LENGTH_INVALID", { octets });
}
