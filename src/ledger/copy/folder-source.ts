import { splitBundle } from "../entry-bundle.ts";
import { hashOctets } from "../tree/hash.ts";
import { type EntryBundleAddress, type TileAddress, tilePath, tileWidth, widthInTree } from "../tree/tile.ts";
import {
  type EntryRow,
  type KeptCheckpoint,
  type LedgerPage,
  type LedgerSource,
  tilesPerPage,
} from "../verification/source.ts";
import type { CopyFolder } from "./copy-folder.ts";

/** A ledger's copy in a folder, to be verified. One page is held in memory at a time. */
export async function folderSource(folder: CopyFolder): Promise<LedgerSource> {
  const sizes = await folder.keptSizes();
  const newest = await newestUnlessKept(folder, sizes);
  const keptAmong = (some: readonly number[]): Promise<KeptCheckpoint[]> =>
    Promise.all(some.map((size) => folder.keptCheckpoint(size)));
  const readTile = (address: TileAddress | EntryBundleAddress) => folder.read(tilePath(address));

  async function page(firstTile: number, size: number): Promise<LedgerPage> {
    const tiles = new Map<number, Buffer>();
    const entries: EntryRow[] = [];
    const damagedBundles = new Map<number, string>();
    for (let index = firstTile; index < firstTile + tilesPerPage && index * tileWidth < size; index += 1) {
      const width = widthInTree(0, index, size);
      const tile = await readTile({ level: 0, index, width });
      if (tile !== undefined) tiles.set(index, tile);
      const bundle = await readTile({ level: "entries", index, width });
      const split = bundle === undefined ? undefined : splitBundle(bundle, width);
      if (split === undefined)
        damagedBundles.set(index, bundle === undefined ? "is missing" : `is not ${String(width)} entries`);
      split?.forEach((entry, offset) => entries.push({ leaf: index * tileWidth + offset, entry }));
    }
    const [start, end] = [firstTile * tileWidth, (firstTile + tilesPerPage) * tileWidth];
    const within = (kept: number) => kept > start && kept <= end;
    const kept = await keptAmong(sizes.filter(within));
    const checkpoints = newest !== undefined && within(newest.size) ? [...kept, newest] : kept;
    return { entries, tiles, checkpoints, damagedBundles };
  }

  return {
    name: "copy",
    newestCheckpoints: async (below, most) => {
      const kept = sizes.filter((size) => size < below).slice(-most);
      const found = [
        ...(newest !== undefined && newest.size < below ? [newest] : []),
        ...(await keptAmong(kept)),
      ];
      return found.sort((one, other) => other.size - one.size);
    },
    // What an interrupted copy fetched beyond its checkpoint is no part of it yet.
    sizeOfTiles: async (signedSize) => (signedSize > 0 ? signedSize : sizeOnDisk(folder)),
    page,
    tile: (level, index, size) => readTile({ level, index, width: widthInTree(level, index, size) }),
    outside: async (size, most) => ({
      entries: [],
      tiles: [],
      checkpoints: [
        ...(newest !== undefined && isOutside(newest.size, size) ? [newest] : []),
        ...(await keptAmong(sizes.filter((kept) => isOutside(kept, size)).slice(0, most))),
      ],
    }),
  };
}

const isOutside = (kept: number, size: number): boolean => kept > size || kept === 0;

/** The checkpoint under the name that others ask for, where it is not one of those that are kept. */
async function newestUnlessKept(
  folder: CopyFolder,
  sizes: readonly number[],
): Promise<KeptCheckpoint | undefined> {
  const newest = await folder.newestCheckpoint();
  if (newest === undefined || !sizes.includes(newest.size)) return newest;
  return (await folder.keptCheckpoint(newest.size)).note === newest.note ? undefined : newest;
}

/** Leaves of which level-0 tiles lie there, where no checkpoint tells how many there are. */
async function sizeOnDisk(folder: CopyFolder): Promise<number> {
  for (let index = 0; ; index += 1) {
    if ((await folder.read(tilePath({ level: 0, index, width: tileWidth }))) !== undefined) continue;
    for (let width = tileWidth - 1; width > 0; width -= 1) {
      const partial = await folder.read(tilePath({ level: 0, index, width }));
      if (partial?.length === width * hashOctets) return index * tileWidth + width;
    }
    return index * tileWidth;
  }
}
