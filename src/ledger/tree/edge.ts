import { hashOctets, treeHash } from "./hash.ts";
import { hashesAtLevel, type TileAddress, tileWidth } from "./tile.ts";

/**
 * The right edge of a tree: the partial tile of every level. It is all that is needed to append leaves and
 * to tell the root (a compact range, in tiles).
 */
export interface TreeEdge {
  /** Leaves in the tree. */
  readonly size: number;
  /** For each level from 0 the hashes of its partial tile, one after the other; empty where there is none. */
  readonly partial: readonly Buffer[];
}

/** A tile with its hashes, one after the other. */
export interface Tile extends TileAddress {
  readonly hashes: Buffer;
}

/** A tree after leaves were appended. */
export interface Extension {
  readonly edge: TreeEdge;
  /** Every tile that is new or has become wider, level by level. */
  readonly tiles: readonly Tile[];
}

export const emptyEdge: TreeEdge = { size: 0, partial: [] };

/**
 * Appends leaves.
 *
 * @param edge - the tree so far; it is not changed
 * @param hashes - the hashes of the new leaves in order, one after the other
 * @param atLevel - above 0: the hashes are those of full tiles of the level below, and every level below has no
 *   partial tile
 */
export function extendEdge(edge: TreeEdge, hashes: Buffer, atLevel = 0): Extension {
  const tiles: Tile[] = [];
  const partial = Array.from({ length: atLevel }, (): Buffer => Buffer.alloc(0));
  let added = hashes;
  for (let level = atLevel; added.length > 0 || level < edge.partial.length; level += 1) {
    const before = edge.partial[level] ?? Buffer.alloc(0);
    const firstTile = Math.floor(hashesAtLevel(level, edge.size) / tileWidth);
    const ofLevel = before.length === 0 ? added : Buffer.concat([before, added]);
    const roots: Buffer[] = [];
    const fullTiles = Math.floor(ofLevel.length / (tileWidth * hashOctets));
    for (let full = 0; full < fullTiles; full += 1) {
      const ofTile = ofLevel.subarray(full * tileWidth * hashOctets, (full + 1) * tileWidth * hashOctets);
      tiles.push({ level, index: firstTile + full, width: tileWidth, hashes: ofTile });
      roots.push(treeHash(ofTile));
    }
    const rest = ofLevel.subarray(fullTiles * tileWidth * hashOctets);
    if (rest.length > 0 && added.length > 0) {
      tiles.push({ level, index: firstTile + fullTiles, width: rest.length / hashOctets, hashes: rest });
    }
    partial.push(rest);
    added = Buffer.concat(roots);
  }
  return { edge: { size: edge.size + (hashes.length / hashOctets) * tileWidth ** atLevel, partial }, tiles };
}

/** The root of the tree (RFC 9162 section 2.1.1). */
export function edgeRoot(edge: TreeEdge): Buffer {
  // From the right: what the lower levels leave over is one smaller subtree behind the level's own.
  let rest: Buffer = Buffer.alloc(0);
  for (const hashes of edge.partial) {
    if (hashes.length > 0) rest = treeHash(Buffer.concat([hashes, rest]));
  }
  return rest.length === 0 ? treeHash(rest) : rest;
}
