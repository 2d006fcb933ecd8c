import { SmkiError } from "../../errors/smki-error.ts";
import { emptyRoot, hashOctets, nodeHash, treeHash } from "./hash.ts";
import { type TileAddress, tileHeight, tilePath, tileWidth, widthInTree } from "./tile.ts";

/** The leaves from `start` up to, not including, `end`. */
export interface TreeRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Gives the hashes of tiles, in the order asked. A tile of the width asked is the beginning of any wider
 * one, so an answer may be longer than was asked.
 */
export type ReadTiles = (tiles: readonly TileAddress[]) => Promise<readonly Buffer[]>;

/** A complete subtree: leaves from `index * 2^height` on, `2^height` of them. */
interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * The hash of each range, worked out from tiles that are all read at once.
 *
 * @param ranges - as proofs need them: each begins at a multiple of the largest power of two within it
 * @param size - leaves in the tree
 * @throws SmkiError LEDGER_TREE_DAMAGED when a tile is too short for the tree
 */
export async function rangeHashes(
  ranges: readonly TreeRange[],
  size: number,
  readTiles: ReadTiles,
): Promise<Buffer[]> {
  const subtrees = ranges.map(completeSubtrees);
  const wanted = new Map<string, TileAddress>();
  for (const subtree of subtrees.flat()) {
    const { tile } = placeInTiles(subtree, size);
    wanted.set(tilePath(tile), tile);
  }
  const addresses = [...wanted.values()];
  const read = addresses.length === 0 ? [] : await readTiles(addresses);
  const tiles = new Map(addresses.map((tile, position) => [tilePath(tile), read[position]]));
  return subtrees.map((parts) => {
    const hashes = parts.map((subtree) => {
      const { tile, first, count } = placeInTiles(subtree, size);
      const path = tilePath(tile);
      const hashesOfTile = tiles.get(path);
      if (hashesOfTile === undefined || hashesOfTile.length < tile.width * hashOctets) {
        throw new SmkiError("LEDGER_TREE_DAMAGED", { tile: path });
      }
      return treeHash(hashesOfTile.subarray(first * hashOctets, (first + count) * hashOctets));
    });
    // The subtrees become smaller to the right, so the tree over them joins the last two first.
    return hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => nodeHash(left, right));
  });
}

function completeSubtrees({ start, end }: TreeRange): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let from = start; from < end; ) {
    let height = 0;
    while (from + 2 ** (height + 1) <= end) height += 1;
    subtrees.push({ height, index: from / 2 ** height });
    from += 2 ** height;
  }
  return subtrees;
}

function placeInTiles({ height, index }: Subtree, size: number) {
  const level = Math.floor(height / tileHeight);
  const count = 2 ** (height % tileHeight);
  const position = index * count;
  const tileIndex = Math.floor(position / tileWidth);
  const tile = { level, index: tileIndex, width: widthInTree(level, tileIndex, size) };
  return { tile, first: position % tileWidth, count };
}
