import type { Tx } from "../../database/transaction.ts";
import { listParties } from "../../registration/registration.ts";

/** What a person knows each Party by, in place of its number: the signifier, or the name where there is none. */
export async function partyNames(tx: Tx): Promise<(id: number) => string> {
  const names = new Map((await listParties(tx)).map(({ id, signifier, name }) => [id, signifier ?? name]));
  return (id) => names.get(id) ?? String(id);
}
