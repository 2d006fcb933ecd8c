import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import type { Act } from "./act.ts";
import { decodeAct } from "./act-encoding.ts";

/**
 * The acts of one kind that concern something with a number, open ones among them. In one statement, since the
 * sequencer moves entries from the open ones to the leaves. What is no act is left out: `verifyLedger` tells of it.
 *
 * @param name - of the number in the act's subject, for example `batch`
 * @param from - the first leaf that can have one, as `nextLeaf` gave it before: without it the whole ledger is read
 */
export async function findActsAbout(
  tx: Tx,
  kind: string,
  name: string,
  number: number,
  from: number,
): Promise<Act[]> {
  // The canonical form has no spaces, so that these octets stand in every such act; what else has them is sorted out below.
  const ofKind = Buffer.from(`"kind":${JSON.stringify(kind)}`);
  const about = Buffer.from(`${JSON.stringify(name)}:${String(number)}`);
  const { rows } = await sql<{ entry: Buffer }>`
    select entry from ledger_inbox where position(${ofKind} in entry) > 0 and position(${about} in entry) > 0
    union all
    select entry from ledger_entry
    where leaf >= ${from} and position(${ofKind} in entry) > 0 and position(${about} in entry) > 0`.execute(
    tx,
  );
  return rows
    .flatMap(({ entry }) => readAct(entry))
    .filter((act) => act.kind === kind && act.subject[name] === number);
}

function readAct(entry: Buffer): Act[] {
  try {
    return [decodeAct(entry)];
  } catch (error) {
    if (isSmkiError(error, "LEDGER_ENTRY_MALFORMED")) return [];
    throw error;
  }
}
