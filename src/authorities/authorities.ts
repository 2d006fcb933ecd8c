import type { Tx } from "../database/transaction.ts";
import type { Authority, AuthorityProfile } from "./authority.ts";
import { selectAuthorities } from "./authority-store.ts";

export type { Authority } from "./authority.ts";

/** Every CA of the estate, or those of one profile, in the order of their identifiers. */
export function listAuthorities(tx: Tx, profile?: AuthorityProfile): Promise<Authority[]> {
  return selectAuthorities(tx, profile);
}
