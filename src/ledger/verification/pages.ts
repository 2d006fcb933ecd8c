import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import { ledgerTables } from "../ledger-tables.ts";
import { tileWidth } from "../tree/tile.ts";
import {
  type EntryRow,
  type KeptCheckpoint,
  type LedgerPage,
  type LedgerSource,
  type OutsideTree,
  tilesPerPage,
} from "./source.ts";

const inboxPage = 4_096;
const widthsPerPage = 10_000;
const noDamage: ReadonlyMap<number, string> = new Map();

/** The ledger in the database, as the transaction sees it. */
export const databaseSource = (tx: Tx): LedgerSource => ({
  name: "database",
  newestCheckpoints: (below, most) => newestCheckpoints(tx, below, most),
  sizeOfTiles: (signedSize) => sizeOfTiles(tx, signedSize),
  page: (firstTile) => readPage(tx, firstTile),
  tile: async (level, index) => (await readTileRow(tx, level, index, index + 1)).get(index),
  outside: (size, most) => readOutside(tx, size, most),
});

async function readPage(tx: Tx, firstTile: number): Promise<LedgerPage> {
  const [start, end] = [firstTile * tileWidth, (firstTile + tilesPerPage) * tileWidth];
  const tables = ledgerTables(tx);
  const tiles = await readTileRow(tx, 0, firstTile, firstTile + tilesPerPage);
  const entries = await readEntries(tx, start, end);
  const checkpoints = await tables
    .selectFrom("ledger_checkpoint")
    .select(["size", "note"])
    .where("size", ">", start)
    .where("size", "<=", end)
    .orderBy("size")
    .execute();
  return { entries, tiles, checkpoints, damagedBundles: noDamage };
}

/** Entries of the leaves from `start` to before `end`. */
export async function readEntries(tx: Tx, start: number, end: number): Promise<EntryRow[]> {
  return await ledgerTables(tx)
    .selectFrom("ledger_entry")
    .selectAll()
    .where("leaf", ">=", start)
    .where("leaf", "<", end)
    .orderBy("leaf")
    .execute();
}

/** Tiles of a level from index `first` to before `end`. */
async function readTileRow(tx: Tx, level: number, first: number, end: number): Promise<Map<number, Buffer>> {
  const rows = await ledgerTables(tx)
    .selectFrom("ledger_tile")
    .select(["index", "hashes"])
    .where("level", "=", level)
    .where("index", ">=", first)
    .where("index", "<", end)
    .execute();
  return new Map(rows.map(({ index, hashes }) => [index, hashes]));
}

/** What stands outside a tree of that size: leaves, tiles and checkpoints that nothing vouches for. */
async function readOutside(tx: Tx, size: number, most: number): Promise<OutsideTree> {
  const tables = ledgerTables(tx);
  const entries = await tables
    .selectFrom("ledger_entry")
    .selectAll()
    .where((row) => row.or([row("leaf", "<", 0), row("leaf", ">=", size)]))
    .limit(most)
    .execute();
  const { rows: tiles } = await sql<{ level: number; index: number }>`
    select level, index from ledger_tile
    where level < 0 or index < 0 or div(${size}::numeric, 256::numeric ^ level) <= index * 256::numeric
    limit ${most}`.execute(tx);
  const checkpoints = await tables
    .selectFrom("ledger_checkpoint")
    .select(["size", "note"])
    .where((row) => row.or([row("size", "<=", 0), row("size", ">", size)]))
    .limit(most)
    .execute();
  return { entries, tiles, checkpoints };
}

/**
 * The leaves that the tiles speak of beyond those that a checkpoint covers: as far as level 0 goes on without a gap.
 * A tile that someone put far out does not make the tree larger.
 */
async function sizeOfTiles(tx: Tx, signedSize: number): Promise<number> {
  let next = Math.floor(signedSize / tileWidth);
  let size = signedSize;
  for (;;) {
    const { rows } = await sql<{ index: number; width: number }>`
      select index, octet_length(hashes) / 32 as width from ledger_tile
      where level = 0 and index >= ${next} order by index limit ${widthsPerPage}`.execute(tx);
    for (const { index, width } of rows) {
      if (index !== next) return size;
      size = Math.max(size, index * tileWidth + width);
      if (width < tileWidth) return size;
      next += 1;
    }
    if (rows.length < widthsPerPage) return size;
  }
}

/** Checkpoints from the newest down. */
async function newestCheckpoints(tx: Tx, below: number, most: number): Promise<KeptCheckpoint[]> {
  return await ledgerTables(tx)
    .selectFrom("ledger_checkpoint")
    .select(["size", "note"])
    .where("size", "<", below)
    .orderBy("size", "desc")
    .limit(most)
    .execute();
}

/** Open entries, page by page, in the order in which they get their leaves; the inbox has no index, so a cursor walks it. */
export async function* openEntries(tx: Tx): AsyncGenerator<Buffer> {
  await sql`declare open_entries no scroll cursor for select entry from ledger_inbox order by id`.execute(tx);
  try {
    for (;;) {
      const { rows } = await sql<{ entry: Buffer }>`fetch ${sql.lit(inboxPage)} from open_entries`.execute(
        tx,
      );
      for (const { entry } of rows) yield entry;
      if (rows.length < inboxPage) return;
    }
  } finally {
    await sql`close open_entries`.execute(tx);
  }
}
