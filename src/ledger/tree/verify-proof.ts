import { emptyRoot, nodeHash } from "./hash.ts";

/** A claim that a leaf stands in a tree. */
export interface InclusionClaim {
  /** The leaf, from 0. */
  readonly index: number;
  readonly leafHash: Uint8Array;
  /** Leaves in the tree. */
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** A claim that a tree extends an older one. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** True when the proof shows that the leaf stands in the tree (RFC 9162 section 2.1.3.2). */
export function inclusionHolds({ index, leafHash, size, root, proof }: InclusionClaim): boolean {
  if (index >= size) return false;
  let leaf = index;
  let last = size - 1;
  let hash: Uint8Array = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(leaf) || leaf === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(leaf) && leaf !== 0) {
        leaf = half(leaf);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    leaf = half(leaf);
    last = half(last);
  }
  return last === 0 && same(hash, root);
}

/**
 * True when the proof shows that the newer tree begins with all leaves of the older one
 * (RFC 9162 section 2.1.4.2). Every tree extends the empty one; a tree extends itself.
 */
export function consistencyHolds({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): boolean {
  if (oldSize > newSize) return false;
  if (oldSize === 0)
    return proof.length === 0 && same(oldRoot, emptyRoot) && (newSize > 0 || same(newRoot, emptyRoot));
  if (oldSize === newSize) return proof.length === 0 && same(oldRoot, newRoot);
  let old = oldSize - 1;
  let last = newSize - 1;
  while (isOdd(old)) {
    old = half(old);
    last = half(last);
  }
  // An older tree of a power of two is itself the first node of the path, and is left out of the proof.
  const path = old === 0 ? [oldRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined || proof.length === 0) return false;
  let oldHash = first;
  let newHash = first;
  for (const node of rest) {
    if (last === 0) return false;
    if (isOdd(old) || old === last) {
      oldHash = nodeHash(node, oldHash);
      newHash = nodeHash(node, newHash);
      while (!isOdd(old) && old !== 0) {
        old = half(old);
        last = half(last);
      }
    } else {
      newHash = nodeHash(newHash, node);
    }
    old = half(old);
    last = half(last);
  }
  return last === 0 && same(oldHash, oldRoot) && same(newHash, newRoot);
}

// Bit operators would cut a size over 2^31.
const half = (value: number) => Math.floor(value / 2);
const isOdd = (value: number) => value % 2 === 1;
const same = (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right) === 0;
