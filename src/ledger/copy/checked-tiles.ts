import { SmkiError } from "../../errors/smki-error.ts";
import { edgeRoot } from "../tree/edge.ts";
import { hashAt, hashOctets, treeHash } from "../tree/hash.ts";
import type { ReadTiles } from "../tree/range.ts";
import { hashesAtLevel, levelsOfTree, type TileAddress, tilePath, tileWidth } from "../tree/tile.ts";
import type { VouchedRoot } from "../verification/tile-judge.ts";

/**
 * Gets a tile from wherever it is.
 *
 * @param accepts - whether octets are the tile that the checkpoint speaks of
 * @throws SmkiError LEDGER_COPY_SOURCE_DAMAGED when no one has such a tile
 */
export type LoadTile = (tile: TileAddress, accepts: (octets: Buffer) => boolean) => Promise<Buffer>;

/**
 * The tiles of a tree, each checked on the way from the signed root down: the right edge gives the root, and every
 * full tile has the hash that the tile above states. So nothing is believed that the checkpoint does not speak of.
 */
export class CheckedTiles {
  readonly #size: number;
  readonly #edge: readonly Buffer[];
  readonly #load: LoadTile;
  /** The last tile of each level: leaves are gone through in order. */
  readonly #last = new Map<number, { readonly index: number; readonly tile: Promise<Buffer> }>();

  private constructor(size: number, edge: readonly Buffer[], load: LoadTile) {
    this.#size = size;
    this.#edge = edge;
    this.#load = load;
  }

  /** Loads the right edge of the tree. @throws SmkiError LEDGER_COPY_SOURCE_DAMAGED */
  static async open({ size, root }: VouchedRoot, load: LoadTile): Promise<CheckedTiles> {
    const edge = await Promise.all(
      levelsOfTree(size).map(async (level): Promise<Buffer> => {
        const hashes = hashesAtLevel(level, size);
        const [index, width] = [Math.floor(hashes / tileWidth), hashes % tileWidth];
        if (width === 0) return Buffer.alloc(0);
        return load({ level, index, width }, (octets) => octets.length === width * hashOctets);
      }),
    );
    if (!edgeRoot({ size, partial: edge }).equals(root))
      throw new SmkiError("LEDGER_COPY_SOURCE_DAMAGED", { size, reason: "the tiles do not give the root" });
    return new CheckedTiles(size, edge, load);
  }

  /** One tile, as wide as the tree has it. @throws SmkiError LEDGER_COPY_SOURCE_DAMAGED */
  read(level: number, index: number): Promise<Buffer> {
    if (index === Math.floor(hashesAtLevel(level, this.#size) / tileWidth))
      return Promise.resolve(this.#edge[level] ?? Buffer.alloc(0));
    const last = this.#last.get(level);
    if (last?.index === index) return last.tile;
    const tile = this.#readFull(level, index);
    this.#last.set(level, { index, tile });
    return tile;
  }

  /** The same, as proofs ask for tiles. */
  readonly readTiles: ReadTiles = (tiles) =>
    Promise.all(tiles.map(({ level, index }) => this.read(level, index)));

  /** The tiles of the right edge, which the checkpoint vouches for together. */
  get edge(): { readonly address: TileAddress; readonly hashes: Buffer }[] {
    return this.#edge.flatMap((hashes, level) => {
      const index = Math.floor(hashesAtLevel(level, this.#size) / tileWidth);
      const address = { level, index, width: hashes.length / hashOctets };
      return hashes.length === 0 ? [] : [{ address, hashes }];
    });
  }

  async #readFull(level: number, index: number): Promise<Buffer> {
    const above = await this.read(level + 1, Math.floor(index / tileWidth));
    const expected = hashAt(above, index % tileWidth);
    return this.#load(
      { level, index, width: tileWidth },
      (octets) => octets.length === tileWidth * hashOctets && treeHash(octets).equals(expected),
    );
  }
}

/** The error for a tile or bundle that is not what the tile above it, or the tile of its hashes, says. */
export function sourceDamaged(tile: Parameters<typeof tilePath>[0]): SmkiError {
  return new SmkiError("LEDGER_COPY_SOURCE_DAMAGED", { path: tilePath(tile) });
}
