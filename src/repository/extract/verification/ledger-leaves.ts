import { SmkiError } from "../../../errors/smki-error.ts";
import type { Act } from "../../../ledger/act.ts";
import { decodeAct } from "../../../ledger/act-encoding.ts";
import { type Checkpoint, parseCheckpoint } from "../../../ledger/checkpoint.ts";
import { CheckedTiles, sourceDamaged } from "../../../ledger/copy/checked-tiles.ts";
import { CopyFolder, checkpointName } from "../../../ledger/copy/copy-folder.ts";
import { type LedgerResources, parallelRequests } from "../../../ledger/copy/resources.ts";
import { splitBundle } from "../../../ledger/entry-bundle.ts";
import { parseNote } from "../../../ledger/note.ts";
import { hashAt, hashOctets, leafHash } from "../../../ledger/tree/hash.ts";
import {
  type EntryBundleAddress,
  type TileAddress,
  tilePath,
  tileWidth,
  widthInTree,
} from "../../../ledger/tree/tile.ts";

/** A copy of a ledger in a folder, as it would be served. */
export function copyResources(path: string): LedgerResources {
  const folder = new CopyFolder(path);
  return {
    get: async (name) => {
      const octets = await folder.read(name);
      if (octets === undefined) throw new SmkiError("LEDGER_COPY_MISSING", { folder: path, file: name });
      return octets;
    },
  };
}

/**
 * The acts under a checkpoint, out of a ledger that may have grown since: each entry is checked against the tiles, and
 * those up to the checkpoint's root, so that nothing is believed that the checkpoint does not speak of.
 */
export class LedgerLeaves {
  readonly #resources: LedgerResources;
  readonly #checkpoint: Checkpoint;
  readonly #sizeOfSource: number;
  readonly #tiles: CheckedTiles;

  private constructor(
    resources: LedgerResources,
    checkpoint: Checkpoint,
    sizeOfSource: number,
    tiles: CheckedTiles,
  ) {
    this.#resources = resources;
    this.#checkpoint = checkpoint;
    this.#sizeOfSource = sizeOfSource;
    this.#tiles = tiles;
  }

  /**
   * @param checkpoint - whose signature holds
   * @throws SmkiError EXTRACT_LEDGER_OLDER; LEDGER_COPY_SOURCE_DAMAGED, also when the ledger has another root at that size
   */
  static async open(resources: LedgerResources, checkpoint: Checkpoint): Promise<LedgerLeaves> {
    const note = (await resources.get(checkpointName)).toString("utf8");
    const { size } = parseCheckpoint(parseNote(note).text);
    if (size < checkpoint.size)
      throw new SmkiError("EXTRACT_LEDGER_OLDER", { ledger: size, extract: checkpoint.size });
    const tiles = await CheckedTiles.open(checkpoint, async (address, accepts) => {
      for await (const { octets } of wider(resources, address, size)) {
        const begin = octets.subarray(0, address.width * hashOctets);
        if (accepts(begin)) return begin;
      }
      throw sourceDamaged(address);
    });
    return new LedgerLeaves(resources, checkpoint, size, tiles);
  }

  /** Acts from leaf `from` to the checkpoint, in order. @throws SmkiError LEDGER_COPY_SOURCE_DAMAGED */
  async *acts(from: number): AsyncGenerator<Act> {
    const { size } = this.#checkpoint;
    const end = Math.ceil(size / tileWidth);
    let ahead: Promise<Buffer[]>[] = [];
    let next = Math.floor(from / tileWidth);
    for (let index = next; index < end; index += 1) {
      while (next < end && ahead.length < parallelRequests) {
        const bundle = this.#bundle(next);
        // Told when its turn comes.
        bundle.catch(() => undefined);
        ahead = [...ahead, bundle];
        next += 1;
      }
      const [first, ...rest] = ahead;
      ahead = rest;
      const entries = (await first) ?? [];
      for (const entry of entries.slice(Math.max(0, from - index * tileWidth))) yield decodeAct(entry);
    }
  }

  async #bundle(index: number): Promise<Buffer[]> {
    const width = widthInTree(0, index, this.#checkpoint.size);
    const tile = await this.#tiles.read(0, index);
    const address = { level: "entries", index, width } as const;
    for await (const { octets, width: held } of wider(this.#resources, address, this.#sizeOfSource)) {
      const entries = splitBundle(octets, held)?.slice(0, width);
      if (entries?.every((entry, offset) => leafHash(entry).equals(hashAt(tile, offset))) === true)
        return entries;
    }
    throw sourceDamaged(address);
  }
}

/**
 * A tile or bundle as wide as is asked, or a wider one that begins with it: a source that has grown keeps only those.
 *
 * @throws SmkiError when none of them is there
 */
async function* wider(
  resources: LedgerResources,
  address: TileAddress | EntryBundleAddress,
  sizeOfSource: number,
): AsyncGenerator<{ readonly octets: Buffer; readonly width: number }> {
  const level = address.level === "entries" ? 0 : address.level;
  const now = widthInTree(level, address.index, sizeOfSource);
  let failure: unknown;
  let found = false;
  for (const width of new Set([now, address.width, tileWidth])) {
    if (width < address.width) continue;
    const octets = await resources.get(tilePath({ ...address, width })).catch((error: unknown) => {
      failure ??= error;
    });
    if (octets === undefined) continue;
    found = true;
    yield { octets, width };
  }
  if (!found) throw failure;
}
