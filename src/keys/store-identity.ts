import { SmkiError } from "../errors/smki-error.ts";
import type { StoreIdentity } from "./settings.ts";

/**
 * Refuses a store that was created for another environment or purpose.
 *
 * @param found - what the store says of itself
 * @param wanted - what the settings ask for
 * @param store - the file or token, for the message
 * @throws SmkiError KEY_ENVIRONMENT_MISMATCH
 */
export function requireIdentity(found: StoreIdentity, wanted: StoreIdentity, store: string): void {
  if (found.environment === wanted.environment && found.purpose === wanted.purpose) return;
  throw new SmkiError("KEY_ENVIRONMENT_MISMATCH", {
    store,
    found: identityText(found),
    wanted: identityText(wanted),
  });
}

/** One line for a token's marker and for messages, for example `test/operational`. */
export function identityText(identity: StoreIdentity): string {
  return `${identity.environment}/${identity.purpose}`;
}

/** Reads what {@link identityText} wrote; undefined for anything else. */
export function parseIdentity(text: string): StoreIdentity | undefined {
  const [environment, purpose, ...rest] = text.split("/");
  if (rest.length > 0 || (environment !== "test" && environment !== "live")) return undefined;
  if (purpose !== "operational" && purpose !== "ceremony") return undefined;
  return { environment, purpose };
}
