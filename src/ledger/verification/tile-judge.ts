import { edgeRoot, extendEdge, type TreeEdge } from "../tree/edge.ts";
import { hashOctets, treeHash } from "../tree/hash.ts";

/** A state that a valid checkpoint vouches for. */
export interface VouchedRoot {
  readonly size: number;
  readonly root: Buffer;
}

/** What speaks for the hashes of one level-0 tile. */
export interface TileWitnesses {
  /** The tree up to the tile. */
  readonly edge: TreeEdge;
  /** The full tile's root as the level above has it. */
  readonly storedRoot: Buffer | undefined;
  /** Checkpoints that end within the tile or at its end, the smallest first. */
  readonly vouched: readonly VouchedRoot[];
}

/**
 * Which of two accounts of a tile's hashes is the recorded one: what the tile says, or what the entries' bytes
 * give? The level above decides, then the last checkpoint in the tile; where nothing does, the tile is believed,
 * since one tile stands against up to 256 rows.
 */
export function judgeTile(stored: Buffer, computed: Buffer, witnesses: TileWitnesses): "stored" | "computed" {
  const { edge, storedRoot, vouched } = witnesses;
  if (storedRoot !== undefined) {
    if (treeHash(stored).equals(storedRoot)) return "stored";
    if (treeHash(computed).equals(storedRoot)) return "computed";
  }
  const last = vouched.at(-1);
  if (last === undefined) return "stored";
  return !rootAt(edge, stored, last.size).equals(last.root) &&
    rootAt(edge, computed, last.size).equals(last.root)
    ? "computed"
    : "stored";
}

/** The root of the tree that ends within or at the end of a tile with these hashes. */
export function rootAt(edge: TreeEdge, tileHashes: Buffer, size: number): Buffer {
  return edgeRoot(extendEdge(edge, tileHashes.subarray(0, (size - edge.size) * hashOctets)).edge);
}
