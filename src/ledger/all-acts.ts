import type { Tx } from "../database/transaction.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import type { Act } from "./act.ts";
import { decodeAct } from "./act-encoding.ts";
import { openEntries, readEntries } from "./verification/pages.ts";

/** An act with its leaf; without one while it is open. */
export interface RecordedAct {
  readonly leaf?: number;
  readonly act: Act;
}

const page = 8_192;

/**
 * Every act, in the order of the leaves and then the open ones in the order of their recording: for a duty that
 * compares its rows with what the ledger says of them. What is no act is left out: `verifyLedger` tells of it.
 *
 * @param tx - of a snapshot, or an act that gets its leaf meanwhile is seen twice
 * @param except - a kind that the caller has no use for; its entries are most of them, and are not even read
 */
export async function* allActs(tx: Tx, except: string): AsyncGenerator<RecordedAct> {
  const skipped = Buffer.from(`"kind":"${except}"`);
  for (let start = 0; ; start += page) {
    const rows = await readEntries(tx, start, start + page);
    for (const { leaf, entry } of rows) {
      const act = entry.includes(skipped) ? undefined : readAct(entry);
      if (act !== undefined && act.kind !== except) yield { leaf, act };
    }
    if (rows.length === 0) break;
  }
  for await (const entry of openEntries(tx)) {
    const act = readAct(entry);
    if (act !== undefined && act.kind !== except) yield { act };
  }
}

function readAct(entry: Buffer): Act | undefined {
  try {
    return decodeAct(entry);
  } catch (error) {
    if (isSmkiError(error, "LEDGER_ENTRY_MALFORMED")) return undefined;
    throw error;
  }
}
