import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Act } from "./act.ts";
import { decodeAct } from "./act-encoding.ts";
import { publishedSize } from "./entry-store.ts";
import { ledgerTables } from "./ledger-tables.ts";
import { hashOctets } from "./tree/hash.ts";
import { proveConsistency, proveInclusion } from "./tree/proof.ts";
import { parseTilePath, tileWidth } from "./tree/tile.ts";
import { tileReader } from "./tree-store.ts";
import { cosignedCheckpoint } from "./witness/cosigned-checkpoint.ts";

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
  /** The signed checkpoint that the proof leads to, with its cosignatures. */
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
 * @param quorum - witnesses that must have cosigned the checkpoint; 0 for none
 * @throws SmkiError LEDGER_CHECKPOINT_NOT_YET, LEDGER_LEAF_NOT_FOUND
 */
export async function readResource(tx: Tx, path: string, quorum = 0): Promise<Buffer> {
  if (path === "checkpoint") {
    const published = await cosignedCheckpoint(tx, quorum);
    if (published === undefined) throw new SmkiError("LEDGER_CHECKPOINT_NOT_YET", { quorum });
    return Buffer.from(published.note);
  }
  const tile = parseTilePath(path);
  if (tile === undefined) throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { path });
  const size = await publishedSize(tx);
  const { level, index, width } = tile;
  const covered = Math.floor(size / tileWidth ** (level === "entries" ? 0 : level));
  if (index * tileWidth + width > covered) throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { path, size });
  if (level === "entries") return readBundle(tx, index * tileWidth, width);
  const [hashes] = await tileReader(tx)([{ level, index, width }]);
  if (hashes === undefined || hashes.length < width * hashOctets)
    throw new SmkiError("LEDGER_TREE_DAMAGED", { tile: path });
  // A partial tile is the beginning of the wider one that took its place.
  return hashes.subarray(0, width * hashOctets);
}

/**
 * Proves that a leaf stands under the checkpoint that is shown to others.
 *
 * @param quorum - witnesses that must have cosigned it; 0 for none
 * @throws SmkiError LEDGER_LEAF_NOT_FOUND when it does not cover the leaf, or not yet; LEDGER_TREE_DAMAGED
 */
export async function proveLeaf(tx: Tx, leaf: number, quorum = 0): Promise<LeafProof> {
  const published = await cosignedCheckpoint(tx, quorum);
  const size = published?.size ?? 0;
  const row = await ledgerTables(tx)
    .selectFrom("ledger_entry")
    .select("entry")
    .where("leaf", "=", leaf)
    .executeTakeFirst();
  if (published === undefined || row === undefined || leaf >= size)
    throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { leaf, size });
  const proof = await proveInclusion(leaf, size, tileReader(tx));
  return { leaf, entry: row.entry, checkpoint: published.note, size, proof };
}

/**
 * Proves that the tree of one size extends that of another.
 *
 * @throws SmkiError LEDGER_LEAF_NOT_FOUND when the newer one is no size that a checkpoint covers, or is the smaller
 */
export async function proveGrowth(tx: Tx, oldSize: number, newSize: number): Promise<Buffer[]> {
  const size = await publishedSize(tx);
  if (newSize > size || oldSize > newSize)
    throw new SmkiError("LEDGER_LEAF_NOT_FOUND", { oldSize, newSize, size });
  return proveConsistency(oldSize, newSize, tileReader(tx));
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
