import type { NoteVerifier } from "../note.ts";
import { emptyEdge, extendEdge, type Tile, type TreeEdge } from "../tree/edge.ts";
import { hashAt, hashOctets, leafHash, treeHash } from "../tree/hash.ts";
import { tilePath, tileWidth, widthInTree } from "../tree/tile.ts";
import { CheckpointTrail, vouchedBy } from "./checkpoint-check.ts";
import type { Findings } from "./finding.ts";
import { type LeafMismatch, nameMismatches } from "./moved-leaves.ts";
import { type EntryRow, type LedgerPage, type LedgerSource, tilesPerPage } from "./source.ts";
import { judgeTile, rootAt, type VouchedRoot } from "./tile-judge.ts";

/** What checking the tree works with. */
export interface TreeCheckContext {
  readonly source: LedgerSource;
  readonly size: number;
  readonly verifier: NoteVerifier;
  /** Checkpoints from elsewhere, whose signatures hold. */
  readonly known: readonly VouchedRoot[];
  readonly findings: Findings;
  readonly mostMismatches: number;
  /** Told of every entry; gives the kind of its act, undefined where it is none. */
  readonly onEntry: (row: EntryRow) => string | undefined;
  readonly onProgress: (leaves: number) => void;
}

/** A root that a checkpoint of the ledger's own, or one from elsewhere, or both state. */
interface StatedRoot extends VouchedRoot {
  readonly isOwn: boolean;
  readonly isFromOutside: boolean;
}

const sameAs = (one: VouchedRoot) => (other: VouchedRoot) =>
  one.size === other.size && one.root.equals(other.root);

/**
 * Works the whole tree out again from the entries' bytes, tile by tile, and compares it with the stored tiles and
 * the checkpoints. Memory: one page of 32 tiles and the edge.
 */
export class TreeCheck {
  readonly #ownTrail: CheckpointTrail;
  readonly #outsideTrail: CheckpointTrail;
  readonly mismatches: LeafMismatch[] = [];
  readonly #context: TreeCheckContext;
  #confirmed = 0;
  #edge: TreeEdge = emptyEdge;
  /** The tree as the tiles above level 0 have it, while they contradict level 0 and no checkpoint has decided. */
  #other: TreeEdge | undefined;
  #suspects: number[] = [];
  #levelOne: { readonly index: number; readonly hashes: Buffer | undefined } | undefined;

  constructor(context: TreeCheckContext) {
    this.#context = context;
    this.#ownTrail = new CheckpointTrail(context.findings, "own");
    this.#outsideTrail = new CheckpointTrail(context.findings, "outside");
  }

  /** Checkpoints whose root the tree has. */
  get confirmed(): number {
    return this.#confirmed;
  }

  async run(): Promise<void> {
    const { source, size, findings, onProgress } = this.#context;
    const tiles = Math.ceil(size / tileWidth);
    for (let first = 0; first < tiles; first += tilesPerPage) {
      const page = await source.page(first, size);
      let row = 0;
      for (let index = first; index < Math.min(tiles, first + tilesPerPage); index += 1) {
        const start = row;
        while (row < page.entries.length && (page.entries[row]?.leaf ?? 0) < (index + 1) * tileWidth)
          row += 1;
        await this.#checkTile(index, page.entries.slice(start, row), page);
      }
      onProgress(Math.min(size, (first + tilesPerPage) * tileWidth));
    }
    await this.#checkUpperTiles(
      this.#edge.partial.flatMap((hashes, level): Tile[] => {
        const width = hashes.length / hashOctets;
        const index = Math.floor(size / tileWidth ** (level + 1));
        return level > 0 && width > 0 ? [{ level, index, width, hashes }] : [];
      }),
    );
    this.#reportSuspects();
    this.#ownTrail.finish();
    this.#outsideTrail.finish();
    nameMismatches(this.mismatches, findings);
  }

  async #checkTile(index: number, rows: readonly EntryRow[], page: LedgerPage): Promise<void> {
    const { size, findings } = this.#context;
    const width = widthInTree(0, index, size);
    const address = { level: 0, index, width };
    const tile = tilePath(address);
    const damage = page.damagedBundles.get(index);
    const actual = this.#hashRows(index, width, rows);
    const computed = actual.every((hash) => hash !== undefined) ? Buffer.concat(actual) : undefined;
    const stored = page.tiles.get(index);
    const usable = stored?.length === width * hashOctets ? stored : undefined;
    if (stored === undefined) findings.add({ kind: "tile-missing", what: `tile ${tile} is missing`, tile });
    else if (usable === undefined) {
      const what = `${tile} holds ${String(stored.length / hashOctets)} hashes instead of ${String(width)}`;
      findings.add({ kind: "tile-wrong", what, tile });
    }
    const vouched = this.#vouched(index, page);
    const storedRoot = width === tileWidth ? await this.#storedRoot(index) : undefined;
    let recorded = usable ?? computed;
    if (usable !== undefined && computed !== undefined && !usable.equals(computed)) {
      if (judgeTile(usable, computed, { edge: this.#edge, storedRoot, vouched }) === "computed") {
        recorded = computed;
        findings.add({
          kind: "tile-wrong",
          what: `${tile} has not the hashes of its entries, which the tree confirms`,
          tile,
        });
      }
    }
    if (damage === undefined) this.#compareRows(index * tileWidth, actual, recorded, rows);
    else {
      const bundle = tilePath({ level: "entries", index, width });
      findings.add({
        kind: "bundle-damaged",
        what: `${bundle} ${damage}`,
        tile: bundle,
        leaf: index * tileWidth,
      });
    }
    // With tile and entries both lost nothing below can be confirmed; no hash is that of 32 zero octets.
    const hashes = recorded ?? Buffer.alloc(width * hashOctets);
    this.#checkCheckpoints(vouched, hashes);
    await this.#extend(index, hashes, storedRoot);
  }

  /** The hash of each leaf's row; of rows beyond the first for a leaf only the fact is noted. */
  #hashRows(index: number, width: number, rows: readonly EntryRow[]): (Buffer | undefined)[] {
    const actual = Array.from({ length: width }, (): Buffer | undefined => undefined);
    for (const row of rows) {
      const offset = row.leaf - index * tileWidth;
      // Rows beyond the tree are told of elsewhere.
      if (offset >= width) continue;
      if (actual[offset] === undefined) actual[offset] = leafHash(row.entry);
      else this.#mismatch({ leaf: row.leaf, actual: leafHash(row.entry).toString("hex") });
    }
    return actual;
  }

  #compareRows(
    start: number,
    actual: readonly (Buffer | undefined)[],
    recorded: Buffer | undefined,
    rows: readonly EntryRow[],
  ): void {
    const acts = new Map(rows.map((row) => [row.leaf, this.#context.onEntry(row)]));
    actual.forEach((hash, offset) => {
      const expected = recorded === undefined ? undefined : hashAt(recorded, offset);
      if (hash !== undefined && (expected === undefined || hash.equals(expected))) return;
      const act = acts.get(start + offset);
      this.#mismatch({
        leaf: start + offset,
        ...(expected === undefined ? {} : { expected: expected.toString("hex") }),
        ...(hash === undefined ? {} : { actual: hash.toString("hex") }),
        ...(act === undefined ? {} : { act }),
      });
    });
  }

  #vouched(index: number, page: LedgerPage): StatedRoot[] {
    const { verifier, findings, known } = this.#context;
    const within = ({ size }: { size: number }) =>
      size > index * tileWidth && size <= (index + 1) * tileWidth;
    const stored = page.checkpoints
      .filter(within)
      .flatMap((checkpoint) => vouchedBy(checkpoint, verifier, findings) ?? []);
    const outside = known.filter(within);
    return [
      ...stored.map((one) => ({ ...one, isOwn: true, isFromOutside: outside.some(sameAs(one)) })),
      ...outside
        .filter((one) => !stored.some(sameAs(one)))
        .map((one) => ({ ...one, isOwn: false, isFromOutside: true })),
    ].sort((one, other) => one.size - other.size);
  }

  #checkCheckpoints(vouched: readonly StatedRoot[], hashes: Buffer): void {
    for (const stated of vouched) {
      const { size, root } = stated;
      const holds = rootAt(this.#edge, hashes, size).equals(root);
      if (this.#other !== undefined) {
        const otherHolds = !holds && rootAt(this.#other, hashes, size).equals(root);
        if (otherHolds) {
          for (const suspect of this.#suspects) this.#reportRewritten(suspect);
          this.#edge = this.#other;
        }
        if (holds) this.#reportSuspects();
        if (holds || otherHolds) {
          this.#suspects = [];
          this.#other = undefined;
        }
        this.#record(stated, holds || otherHolds);
      } else this.#record(stated, holds);
    }
  }

  #record({ size, isOwn, isFromOutside }: StatedRoot, holds: boolean): void {
    if (holds) this.#confirmed += 1;
    if (isOwn) this.#ownTrail.record(size, holds);
    if (isFromOutside) this.#outsideTrail.record(size, holds);
  }

  async #extend(index: number, hashes: Buffer, storedRoot: Buffer | undefined): Promise<void> {
    const root = treeHash(hashes);
    const contradicted = storedRoot !== undefined && !storedRoot.equals(root);
    if (contradicted) {
      this.#other ??= this.#edge;
      this.#suspects.push(index);
    }
    if (this.#other !== undefined) {
      this.#other =
        hashes.length === tileWidth * hashOctets
          ? extendEdge(this.#other, storedRoot ?? root, 1).edge
          : extendEdge(this.#other, hashes).edge;
    }
    const extension = extendEdge(this.#edge, hashes);
    this.#edge = extension.edge;
    await this.#checkUpperTiles(
      extension.tiles.filter(({ level, width }) => level > 0 && width === tileWidth),
    );
  }

  /** Level 1 is compared hash by hash as its tiles pass; here the tiles above, and that each has its length. */
  async #checkUpperTiles(tiles: readonly Tile[]): Promise<void> {
    const { source, size, findings } = this.#context;
    for (const address of tiles) {
      const tile = tilePath(address);
      const stored = await source.tile(address.level, address.index, size);
      if (stored === undefined) findings.add({ kind: "tile-missing", what: `${tile} is missing`, tile });
      else if (
        stored.length !== address.hashes.length ||
        (address.level > 1 && !stored.equals(address.hashes))
      ) {
        // After a rewritten leaf every level above differs from what the leaves give; that leaf has been named.
        if (this.#other === undefined)
          findings.add({ kind: "tile-wrong", what: `${tile} is not what the leaves give`, tile });
      }
    }
  }

  async #storedRoot(index: number): Promise<Buffer | undefined> {
    const above = Math.floor(index / tileWidth);
    if (this.#levelOne?.index !== above) {
      const { source, size } = this.#context;
      this.#levelOne = { index: above, hashes: await source.tile(1, above, size) };
    }
    const root =
      this.#levelOne.hashes === undefined ? undefined : hashAt(this.#levelOne.hashes, index % tileWidth);
    return root?.length === hashOctets ? root : undefined;
  }

  /** A checkpoint has confirmed the level above: entries and level-0 tile were changed to match each other. */
  #reportRewritten(index: number): void {
    const leaf = index * tileWidth;
    const tile = tilePath({ level: 0, index, width: tileWidth });
    const what = `one or more of the leaves to ${String(leaf + tileWidth - 1)} were rewritten, and ${tile} with them`;
    this.#context.findings.add({ kind: "leaves-rewritten", what, leaf, tile });
  }

  /** The leaves were confirmed, or nothing decided: the level above is named. */
  #reportSuspects(): void {
    for (const index of this.#suspects) {
      const above = Math.floor(index / tileWidth);
      const tile = tilePath({ level: 1, index: above, width: widthInTree(1, above, this.#context.size) });
      const what = `hash ${String(index % tileWidth)} of ${tile} is not the root of the level-0 tile below it`;
      this.#context.findings.add({ kind: "tile-wrong", what, tile, leaf: index * tileWidth });
    }
  }

  #mismatch(mismatch: LeafMismatch): void {
    if (this.mismatches.length < this.#context.mostMismatches) this.mismatches.push(mismatch);
    else
      this.#context.findings.add({
        kind: "leaf-altered",
        what: "not what was recorded",
        leaf: mismatch.leaf,
      });
  }
}
