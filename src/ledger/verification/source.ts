import type { StoredCheckpoint } from "../entry-store.ts";

/** Tiles, and the leaves under them, read at a time: about 2 MB of entries. */
export const tilesPerPage = 32;

/** An entry with its leaf. */
export interface EntryRow {
  readonly leaf: number;
  readonly entry: Buffer;
}

/** A checkpoint as it lies there: the size that it is kept under, and its note. */
export type KeptCheckpoint = Pick<StoredCheckpoint, "size" | "note">;

/** All that is stored about 32 neighbouring level-0 tiles. */
export interface LedgerPage {
  /** In the order of their leaves; a leaf stands more than once only where a primary key was removed. */
  readonly entries: readonly EntryRow[];
  readonly tiles: ReadonlyMap<number, Buffer>;
  /** Of each size in the page, the smallest first. */
  readonly checkpoints: readonly KeptCheckpoint[];
  /** Bundles of entries that cannot be taken apart, by index, with what is wrong; a database has none. */
  readonly damagedBundles: ReadonlyMap<number, string>;
}

/** What stands outside the tree. */
export interface OutsideTree {
  readonly entries: readonly EntryRow[];
  readonly tiles: readonly { readonly level: number; readonly index: number }[];
  readonly checkpoints: readonly KeptCheckpoint[];
}

/** Where a ledger is read from to be verified: a database, or a copy in a folder. */
export interface LedgerSource {
  /** What findings call it: `database` or `copy`. */
  readonly name: string;
  /** Checkpoints of sizes below `below`, the greatest first; none when there are no more. */
  newestCheckpoints(below: number, most: number): Promise<readonly KeptCheckpoint[]>;
  /** Leaves that the tiles speak of, at least the `signedSize` that a checkpoint covers. */
  sizeOfTiles(signedSize: number): Promise<number>;
  /** What belongs to 32 level-0 tiles from index `firstTile` on, in a tree of that size. */
  page(firstTile: number, size: number): Promise<LedgerPage>;
  /** A tile as it is stored, in a tree of that size; undefined when there is none. */
  tile(level: number, index: number, size: number): Promise<Buffer | undefined>;
  /** What stands outside a tree of that size, so much of each at most. */
  outside(size: number, most: number): Promise<OutsideTree>;
}
