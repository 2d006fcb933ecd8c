/** Hashes in a full tile (C2SP tlog-tiles, "Merkle Tree"). */
export const tileWidth = 256;
/** Tree levels that one tile spans: 2 to the power 8 is its width. */
export const tileHeight = 8;
// 256 to the power 6 leaves are 2 to the power 48; a seventh level would pass the integers that are exact.
const topLevel = 6;

/** A tile: a run of hashes of complete subtrees of 256 to the power `level` leaves each. */
export interface TileAddress {
  /** 0 holds leaf hashes; each hash of level n+1 is the root of a full tile of level n. */
  readonly level: number;
  /** Position among the tiles of the level, from 0. */
  readonly index: number;
  /** Hashes in it: 256, or fewer in the rightmost one. */
  readonly width: number;
}

/** A run of entries: the bytes behind the level-0 tile of the same index and width. */
export interface EntryBundleAddress {
  readonly level: "entries";
  readonly index: number;
  readonly width: number;
}

/** The number of hashes that a tree has at a level: `floor(size / 256^level)`. */
export function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level);
}

/** Hashes in that tile of a tree of that size; 0 when the tree has no such tile. */
export function widthInTree(level: number, index: number, size: number): number {
  return Math.min(tileWidth, Math.max(0, hashesAtLevel(level, size) - index * tileWidth));
}

/** The levels that have at least one hash in a tree of that size, from 0. */
export function levelsOfTree(size: number): number[] {
  const levels: number[] = [];
  for (let level = 0; level <= topLevel && hashesAtLevel(level, size) > 0; level += 1) levels.push(level);
  return levels;
}

/**
 * The path of a tile or entry bundle under the ledger's prefix, for example `tile/0/x001/067.p/8`
 * (C2SP tlog-tiles, "Merkle Tree").
 */
export function tilePath(tile: TileAddress | EntryBundleAddress): string {
  const digits = String(tile.index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/.{3}/g) ?? [];
  const index = groups
    .map((group, position) => (position < groups.length - 1 ? `x${group}` : group))
    .join("/");
  const partial = tile.width < tileWidth ? `.p/${String(tile.width)}` : "";
  return `tile/${String(tile.level)}/${index}${partial}`;
}

const pathForm = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/**
 * Reads what `tilePath` writes, and nothing else: one tile has one path.
 *
 * @returns undefined when `path` is not the path of a tile or entry bundle
 */
export function parseTilePath(path: string): TileAddress | EntryBundleAddress | undefined {
  const [, levelText, indexText, widthText] = pathForm.exec(path) ?? [];
  if (levelText === undefined || indexText === undefined) return undefined;
  const index = Number(indexText.replaceAll(/[x/]/g, ""));
  const width = widthText === undefined ? tileWidth : Number(widthText);
  const level = levelText === "entries" ? levelText : Number(levelText);
  if (level !== "entries" && level > 63) return undefined;
  const tile: TileAddress | EntryBundleAddress =
    level === "entries" ? { level, index, width } : { level, index, width };
  // Writing it again refuses leading groups of zeroes, `.p/256` and a width over 255.
  return Number.isSafeInteger(index) && width <= tileWidth && tilePath(tile) === path ? tile : undefined;
}
