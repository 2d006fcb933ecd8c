import { type ReadTiles, rangeHashes, type TreeRange } from "./range.ts";

/**
 * The proof that a leaf is in a tree: the hashes of its siblings on the way to the root
 * (RFC 9162 section 2.1.3.1).
 *
 * @param index - the leaf, from 0
 * @param size - leaves in the tree, more than `index`
 * @param readTiles - gives tiles of this tree or of one that extends it
 * @throws SmkiError LEDGER_TREE_DAMAGED
 */
export async function proveInclusion(index: number, size: number, readTiles: ReadTiles): Promise<Buffer[]> {
  return rangeHashes(inclusionPath(index, { start: 0, end: size }), size, readTiles);
}

/**
 * The proof that a tree begins with all leaves of an older one (RFC 9162 section 2.1.4.1).
 * It is empty when the older tree is empty or is the same.
 *
 * @param oldSize - leaves in the older tree
 * @param newSize - leaves in the newer tree, at least `oldSize`
 * @param readTiles - gives tiles of the newer tree or of one that extends it
 * @throws SmkiError LEDGER_TREE_DAMAGED
 */
export async function proveConsistency(
  oldSize: number,
  newSize: number,
  readTiles: ReadTiles,
): Promise<Buffer[]> {
  if (oldSize === 0) return [];
  return rangeHashes(consistencyPath(oldSize, { start: 0, end: newSize }, true), newSize, readTiles);
}

/**
 * The root of a tree, worked out from its tiles.
 *
 * @throws SmkiError LEDGER_TREE_DAMAGED
 */
export async function rootFromTiles(size: number, readTiles: ReadTiles): Promise<Buffer> {
  const [root] = await rangeHashes([{ start: 0, end: size }], size, readTiles);
  return root as Buffer;
}

// PATH of RFC 9162 section 2.1.3.1.
function inclusionPath(index: number, { start, end }: TreeRange): TreeRange[] {
  if (end - start === 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return index < middle
    ? [...inclusionPath(index, { start, end: middle }), { start: middle, end }]
    : [...inclusionPath(index, { start: middle, end }), { start, end: middle }];
}

// SUBPROOF of RFC 9162 section 2.1.4.1; `known` says that whoever checks holds the root of this very range.
function consistencyPath(oldEnd: number, { start, end }: TreeRange, known: boolean): TreeRange[] {
  if (oldEnd === end) return known ? [] : [{ start, end }];
  const middle = start + largestPowerBelow(end - start);
  return oldEnd <= middle
    ? [...consistencyPath(oldEnd, { start, end: middle }, known), { start: middle, end }]
    : [...consistencyPath(oldEnd, { start: middle, end }, false), { start, end: middle }];
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
