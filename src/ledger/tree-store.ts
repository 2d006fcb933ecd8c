import { sql } from "kysely";
import { byteaArray, int8Array } from "../database/binary-arrays.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { ledgerTables } from "./ledger-tables.ts";
import type { Tile, TreeEdge } from "./tree/edge.ts";
import { hashOctets } from "./tree/hash.ts";
import type { ReadTiles } from "./tree/range.ts";
import { hashesAtLevel, levelsOfTree, tilePath, tileWidth } from "./tree/tile.ts";

/**
 * The right edge of the stored tree.
 *
 * @throws SmkiError LEDGER_TREE_DAMAGED when the levels do not belong to one tree
 */
export async function readEdge(tx: Tx): Promise<TreeEdge> {
  const { rows } = await sql<{ level: number; index: number; hashes: Buffer }>`
    select last.* from generate_series(0, 7) as l (level)
    cross join lateral (
      select level, index, hashes from ledger_tile where ledger_tile.level = l.level order by index desc limit 1
    ) as last order by level`.execute(tx);
  const count = (row: (typeof rows)[number] | undefined) =>
    row === undefined ? 0 : row.index * tileWidth + row.hashes.length / hashOctets;
  const size = count(rows[0]);
  const levels = levelsOfTree(size);
  const damaged = levels.find((level) => count(rows[level]) !== hashesAtLevel(level, size));
  if (damaged !== undefined || rows.length !== levels.length) {
    throw new SmkiError("LEDGER_TREE_DAMAGED", { level: damaged ?? levels.length, size });
  }
  const partial = rows.map(({ hashes }) =>
    hashes.length === tileWidth * hashOctets ? Buffer.alloc(0) : hashes,
  );
  return { size, partial };
}

/** Stores tiles that are new or have become wider. */
export async function writeTiles(tx: Tx, tiles: readonly Tile[]): Promise<void> {
  const levels = int8Array(tiles.map((tile) => tile.level));
  const indexes = int8Array(tiles.map((tile) => tile.index));
  const hashes = byteaArray(tiles.map((tile) => tile.hashes));
  await sql`
    insert into ledger_tile (level, index, hashes)
    select * from unnest(${levels}::bigint[], ${indexes}::bigint[], ${hashes}::bytea[])
    on conflict (level, index) do update set hashes = excluded.hashes`.execute(tx);
}

/** Reads tiles of the stored tree, for proofs. @throws SmkiError LEDGER_TREE_DAMAGED when one is missing */
export function tileReader(tx: Tx): ReadTiles {
  return async (tiles) => {
    const levels = int8Array(tiles.map((tile) => tile.level));
    const indexes = int8Array(tiles.map((tile) => tile.index));
    const rows = await ledgerTables(tx)
      .selectFrom("ledger_tile")
      .select(["level", "index", "hashes"])
      .where(
        sql<boolean>`(level, index) in (select * from unnest(${levels}::bigint[], ${indexes}::bigint[]))`,
      )
      .execute();
    const found = new Map(
      rows.map(({ level, index, hashes }) => [`${String(level)}/${String(index)}`, hashes]),
    );
    return tiles.map((tile) => {
      const hashes = found.get(`${String(tile.level)}/${String(tile.index)}`);
      if (hashes === undefined) throw new SmkiError("LEDGER_TREE_DAMAGED", { tile: tilePath(tile) });
      return hashes;
    });
  };
}
