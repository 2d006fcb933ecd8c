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
  for await (const { leaf, entry } of entriesFrom(tx, 0)) {
    const act = leaf !== undefined && entry.includes(skipped) ? undefined : readAct(entry);
    if (act !== undefined && act.kind !== except) yield { ...(leaf === undefined ? {} : { leaf }), act };
  }
}

/**
 * The acts from a leaf on, and then the open ones: all that the checkpoint of that size does not cover.
 *
 * @param tx - as {@link allActs}
 */
export async function* actsFrom(tx: Tx, first: number): AsyncGenerator<RecordedAct> {
  for await (const { leaf, entry } of entriesFrom(tx, first)) {
    const act = readAct(entry);
    if (act !== undefined) yield { ...(leaf === undefined ? {} : { leaf }), act };
  }
}

/** Those of the leaves from `first` to before `end`. */
export async function* actsBetween(tx: Tx, first: number, end: number): AsyncGenerator<RecordedAct> {
  for (let start = first; start < end; start += page)
    for (const { leaf, entry } of await readEntries(tx, start, Math.min(end, start + page))) {
      const act = readAct(entry);
      if (act !== undefined) yield { leaf, act };
    }
}

async function* entriesFrom(
  tx: Tx,
  first: number,
): AsyncGenerator<{ readonly leaf?: number; readonly entry: Buffer }> {
  for (let start = first; ; start += page) {
    const rows = await readEntries(tx, start, start + page);
    yield* rows;
    if (rows.length === 0) break;
  }
  for await (const entry of openEntries(tx)) yield { entry };
}

function readAct(entry: Buffer): Act | undefined {
  try {
    return decodeAct(entry);
  } catch (error) {
    if (isSmkiError(error, "LEDGER_ENTRY_MALFORMED")) return undefined;
    throw error;
  }
}
