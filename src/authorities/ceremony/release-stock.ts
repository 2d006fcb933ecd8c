import { createHash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { lockStock, moveState } from "../authority-store.ts";
import { requireWitnesses } from "./sitting.ts";

/**
 * Releases Issuing DCAs from the stock for use, the lowest numbers first, by different persons.
 *
 * @param needed - how many persons, from the rulebook
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, RELEASE_NOT_POSSIBLE
 */
export async function releaseStock(
  tx: Tx,
  count: number,
  persons: readonly string[],
  needed: number,
  by: string,
  at: Date,
): Promise<string[]> {
  requireWitnesses(persons, needed);
  const released = await lockStock(tx, count);
  if (released.length < count)
    throw new SmkiError("RELEASE_NOT_POSSIBLE", { asked: count, inStock: released.length });
  for (const id of released) await moveState(tx, id, "stock", "released", at);
  const salt = randomBytes(16);
  await sql`insert into stock_release (released_at, authorities, persons, salt)
    values (${at}, ${released}, ${persons}, ${salt})`.execute(tx);
  const subject = { authorities: released, persons: persons.map((name) => saltedHash(salt, name)) };
  await recordActs(tx, [{ kind: "authority.released", at, by, subject }]);
  return released;
}

/** A name in a leaf: whoever has the salt and a name can show that they belong together; nobody else learns it. */
function saltedHash(salt: Buffer, name: string): string {
  return createHash("sha256").update(salt).update(name).digest("hex");
}
