import { SmkiError } from "../errors/smki-error.ts";
import { isLabel } from "./label.ts";
import type { StoreIdentity } from "./settings.ts";

/**
 * Refuses a store that was created for another environment, purpose or estate, or for none in particular. Estates are
 * compared where the settings name one: see {@link StoreIdentity}.
 *
 * @param found - what the store says of itself
 * @param wanted - what the settings ask for
 * @param store - the file or token, for the message
 * @throws SmkiError KEY_ENVIRONMENT_MISMATCH, KEY_STORE_OF_ANOTHER_ESTATE, KEY_STORE_OF_NO_ESTATE
 */
export function requireIdentity(found: StoreIdentity, wanted: StoreIdentity, store: string): void {
  if (found.environment !== wanted.environment || found.purpose !== wanted.purpose)
    throw new SmkiError("KEY_ENVIRONMENT_MISMATCH", {
      store,
      found: usageText(found),
      wanted: usageText(wanted),
    });
  if (wanted.estate === undefined || found.estate === wanted.estate) return;
  if (found.estate === undefined)
    throw new SmkiError("KEY_STORE_OF_NO_ESTATE", { store, wanted: wanted.estate });
  throw new SmkiError("KEY_STORE_OF_ANOTHER_ESTATE", { store, found: found.estate, wanted: wanted.estate });
}

/**
 * What a new store is to say of itself; nothing else of the settings goes into it.
 *
 * @throws SmkiError KEY_ESTATE_INVALID
 */
export function identityOf({ environment, purpose, estate }: StoreIdentity): StoreIdentity {
  if (estate === undefined) return { environment, purpose };
  if (!isLabel(estate)) throw new SmkiError("KEY_ESTATE_INVALID", { estate: estate.slice(0, 80) });
  return { environment, purpose, estate };
}

/** One line for a token's marker, for example `test/operational/3f9c`; the last part may hold slashes itself. */
export function identityText(identity: StoreIdentity): string {
  return identity.estate === undefined ? usageText(identity) : `${usageText(identity)}/${identity.estate}`;
}

/** Reads what {@link identityText} wrote; undefined for anything else. */
export function parseIdentity(text: string): StoreIdentity | undefined {
  const [environment, purpose, ...rest] = text.split("/");
  if (environment !== "test" && environment !== "live") return undefined;
  if (purpose !== "operational" && purpose !== "ceremony") return undefined;
  if (rest.length === 0) return { environment, purpose };
  const estate = rest.join("/");
  return isLabel(estate) ? { environment, purpose, estate } : undefined;
}

function usageText({ environment, purpose }: StoreIdentity): string {
  return `${environment}/${purpose}`;
}
