import { hash } from "node:crypto";

/** Octets of a SHA-256 hash, the only hash of the tree (C2SP tlog-tiles). */
export const hashOctets = 32;

/** The root of the tree with no leaves: the hash of no octets (RFC 9162 section 2.1.1). */
export const emptyRoot: Buffer = hash("sha256", "", "buffer");

// One buffer for every node: a tree has as many nodes as leaves.
const nodeInput = Buffer.alloc(1 + 2 * hashOctets);
nodeInput[0] = 0x01;

/**
 * The hash of a leaf: SHA-256(0x00 ‖ entry). The octet in front keeps a leaf from passing as a node
 * (RFC 9162 section 2.1.1).
 *
 * @param entry - the bytes of the entry
 */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + entry.length);
  input[0] = 0x00;
  input.set(entry, 1);
  return hash("sha256", input, "buffer");
}

/** The hash of a node: SHA-256(0x01 ‖ left ‖ right) (RFC 9162 section 2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashOctets);
  return hash("sha256", nodeInput, "buffer");
}

/**
 * The root over consecutive subtrees. All of them are of one size, save the last, which may be smaller;
 * leaf hashes are the simplest case (RFC 9162 section 2.1.1, MTH).
 *
 * @param hashes - the subtrees' hashes, one after the other, 32 octets each
 */
export function treeHash(hashes: Uint8Array): Buffer {
  if (hashes.length === 0) return emptyRoot;
  const level = Buffer.from(hashes);
  let count = level.length / hashOctets;
  // Joining neighbours, and carrying an odd last one up as it is, gives the same tree as the definition's
  // split at the largest power of two.
  while (count > 1) {
    const pairs = count >> 1;
    for (let pair = 0; pair < pairs; pair += 1) {
      level.copy(nodeInput, 1, pair * 2 * hashOctets, (pair + 1) * 2 * hashOctets);
      level.set(hash("sha256", nodeInput, "buffer"), pair * hashOctets);
    }
    if (count % 2 === 1) level.copy(level, pairs * hashOctets, (count - 1) * hashOctets, count * hashOctets);
    count = pairs + (count % 2);
  }
  return level.subarray(0, hashOctets);
}

/** The hash at a position in a run of hashes. */
export function hashAt(hashes: Buffer, position: number): Buffer {
  return hashes.subarray(position * hashOctets, (position + 1) * hashOctets);
}
