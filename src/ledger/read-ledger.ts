import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Act } from "./act.ts";
import { decodeAct } from "./act-encoding.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { newestCheckpoint } from "./entry-store.ts";
import { ledgerTables } from "./ledger-tables.ts";
import { parseNote } from "./note.ts";
import { hashOctets } from "./tree/hash.ts";
import { proveInclusion } from "./tree/proof.ts";
import { parseTilePath, tileWidth } from "./tree/tile.ts";
import { tileReader } from "./tree-store.ts";

/** An act with its place in the ledger. */
export interface SequencedAct {
  readonly leaf: number;
  readonly act: Act;
}

/** That a leaf stands in the ledger, for someone who holds nothing but the verifier key. */
export interface LeafProof {
  readonly leaf: number;
  /** The entry's bytes, whose leaf hash the proof begins with. */
  readonly entry: Buffer;
  /** The signed checkpoint that the proof leads to. */
  readonly checkpoint: string;
  readonly size: number;
  readonly proof: readonly Buffer[];
}

/**
 * Acts in the order of their leaves; how a higher duty learns of what lower ones did. Ask again from the last leaf
 * plus 1: no leaf ever appears below one that was seen.
 *
 * @param from - the first leaf
 * @param most - acts to give at most
 * @throws SmkiError LEDGER_ENTRY_MALFORMED
 */
export async function readActs(tx: Tx, from: number, most: number): Promise<SequencedAct[]> {
  const rows = await ledgerTables(tx)
    .selectFrom("ledger_entry")
    .selectAll()
    .where("leaf", ">=", from)
    .orderBy("leaf")
    .limit(most)
    .execute();
  return rows.map(({ leaf, entry }) => ({ leaf, act: decodeAct(entry) }));
}

/**
 * What stands under a path of the ledger's prefix: `checkpoint`, a tile or an entry bundle (C2SP tlog-tiles, "APIs").
 * Tiles are served as far as the newest checkpoint covers them.
 *
 * @throws SmkiError LEDGER_LEAF_NOT_FOUND
 */
export async function readResource(tx: Tx, path: string): Promise<Buffer> {
  const newest = await newestCheckpoint(tx);
  if (newest !== undefined && path === "checkpoint") return Buffer.from(newest.note);
  const tile = parseTilePath(path);
  if (newest === undefined || tile === undefined) throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { path });
  const { level, index, width } = tile;
  const covered = Math.floor(newest.size / tileWidth ** (level === "entries" ? 0 : level));
  if (index * tileWidth + width > covered)
    throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { path, size: newest.size });
  if (level === "entries") return readBundle(tx, index * tileWidth, width);
  const [hashes] = await tileReader(tx)([{ level, index, width }]);
  if (hashes === undefined || hashes.length < width * hashOctets)
    throw new SmkiError("LEDGER_TREE_DAMAGED", { tile: path });
  // A partial tile is the beginning of the wider one that took its place.
  return hashes.subarray(0, width * hashOctets);
}

/**
 * Proves that a leaf stands under the newest checkpoint.
 *
 * @throws SmkiError LEDGER_LEAF_NOT_FOUND when no checkpoint covers it yet; LEDGER_TREE_DAMAGED
 */
export async function proveLeaf(tx: Tx, leaf: number): Promise<LeafProof> {
  const newest = await newestCheckpoint(tx);
  const size = newest === undefined ? 0 : checkpointOf(newest.note).size;
  const row = await ledgerTables(tx)
    .selectFrom("ledger_entry")
    .select("entry")
    .where("leaf", "=", leaf)
    .executeTakeFirst();
  if (newest === undefined || row === undefined || leaf >= size)
    throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { leaf, size });
  return {
    leaf,
    entry: row.entry,
    checkpoint: newest.note,
    size,
    proof: await proveInclusion(leaf, size, tileReader(tx)),
  };
}

/** Entries, each led by its length in two octets (C2SP tlog-tiles, "Log entries"). */
async function readBundle(tx: Tx, start: number, width: number): Promise<Buffer> {
  const { rows } = await sql<{ entries: number; bundle: Buffer | null }>`
    select count(*) as entries,
      string_agg(substr(int4send(octet_length(entry)), 3) || entry, ''::bytea order by leaf) as bundle
    from ledger_entry where leaf >= ${start} and leaf < ${start + width}`.execute(tx);
  const row = rows[0];
  if (row?.entries !== width || row.bundle === null)
    throw new SmkiError("LEDGER_TREE_DAMAGED", { leaf: start });
  return row.bundle;
}

function checkpointOf(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text);
}
