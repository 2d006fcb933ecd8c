import { sql } from "kysely";
import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import type { Signer } from "../keys/signer.ts";
import type { Clock } from "../time/clock.ts";
import type { AuthorityState } from "./authority.ts";
import { selectAuthorities } from "./authority-store.ts";
import { keyStoreOf } from "./ceremony/hierarchy.ts";

/** A worker looks this often, in milliseconds. */
export const lookForKeysEvery = 30_000;
/** So long after a look a key counts as missing, in milliseconds: until the next one and some more. */
const looksCountFor = 3 * lookForKeysEvery;

/** CAs that sign, or shall once it is their turn. */
const needKeys: ReadonlySet<AuthorityState> = new Set(["stock", "released", "active"] as const);

/**
 * Looks which keys of the CAs are not in a worker's key store, those in stock too: better seen now than when its turn
 * comes. What is missing is written down, for a status that may not open the store.
 *
 * @returns the identifiers of the CAs whose keys are missing
 * @throws SmkiError KEY_STORE_UNAVAILABLE and others of the store, and those of the database
 */
export async function lookForKeys(database: Database, signer: Signer, clock: Clock): Promise<string[]> {
  const authorities = await database.read((tx) => selectAuthorities(tx));
  const labels = new Set((await signer.listKeys()).map(({ label }) => label));
  const missing = authorities
    .filter(({ profile, state }) => keyStoreOf(profile) === "operational" && needKeys.has(state))
    .filter(({ keyLabel }) => !labels.has(keyLabel))
    .map(({ id }) => id);
  if (missing.length > 0)
    await database.transaction((tx) =>
      sql`
        insert into missing_key (authority_id, seen_missing_at)
        select id, ${clock()} from unnest(${missing}::text[]) as missing (id)
        on conflict (authority_id) do update set seen_missing_at = excluded.seen_missing_at`.execute(tx),
    );
  return missing;
}

/** The CAs whose key a worker missed of late. */
export async function missingKeys(tx: Tx, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select authority_id as id from missing_key
    where seen_missing_at > ${new Date(now.getTime() - looksCountFor)} order by authority_id`.execute(tx);
  return rows.map(({ id }) => id);
}
