import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { edgeRoot, emptyEdge, extendEdge, type Tile, type TreeEdge } from "./edge.ts";
import { emptyRoot, hashOctets, leafHash, nodeHash, treeHash } from "./hash.ts";
import { proveConsistency, proveInclusion, rootFromTiles } from "./proof.ts";
import type { ReadTiles } from "./range.ts";
import { levelsOfTree, tilePath, widthInTree } from "./tile.ts";
import { consistencyHolds, inclusionHolds } from "./verify-proof.ts";

// The leaves and roots that the Certificate Transparency implementations test themselves with.
const knownLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const knownRoots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** The definition of RFC 9162 section 2.1.1, word for word: the slow tree that the fast one must equal. */
function definedRoot(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return emptyRoot;
  if (hashes.length === 1) return hashes[0] as Buffer;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(definedRoot(hashes.slice(0, split)), definedRoot(hashes.slice(split)));
}

const leaves = (count: number) =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`leaf ${String(index)}`)));

/** Appends in the given steps and keeps the tiles as a database would: the widest of each. */
function grow(steps: readonly number[]): {
  edge: TreeEdge;
  all: Buffer[];
  readTiles: ReadTiles;
  tiles: Map<string, Tile>;
} {
  const all = leaves(steps.reduce((total, step) => total + step, 0));
  const tiles = new Map<string, Tile>();
  let edge = emptyEdge;
  for (const step of steps) {
    const extension = extendEdge(edge, Buffer.concat(all.slice(edge.size, edge.size + step)));
    for (const tile of extension.tiles) tiles.set(`${String(tile.level)}/${String(tile.index)}`, tile);
    edge = extension.edge;
  }
  const readTiles: ReadTiles = (wanted) =>
    Promise.resolve(
      wanted.map(
        ({ level, index }) => tiles.get(`${String(level)}/${String(index)}`)?.hashes ?? Buffer.alloc(0),
      ),
    );
  return { edge, all, readTiles, tiles };
}

const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(255, 256, 257, 600)), {
  maxLength: 6,
});

describe("roots", () => {
  test("the known leaves have the known roots", () => {
    const hashes = knownLeaves.map((leaf) => leafHash(Buffer.from(leaf, "hex")));
    knownRoots.forEach((root, index) => {
      const first = Buffer.concat(hashes.slice(0, index + 1));
      expect(treeHash(first).toString("hex")).toBe(root);
      expect(edgeRoot(extendEdge(emptyEdge, first).edge).toString("hex")).toBe(root);
    });
  });

  test("the empty tree's root is the hash of no octets", () => {
    expect(edgeRoot(emptyEdge).toString("hex")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  test("however leaves were appended, the root is the one that the definition gives", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sizes) => {
        const { edge, all, readTiles } = grow(sizes);
        expect(edge.size).toBe(all.length);
        expect(edgeRoot(edge)).toEqual(definedRoot(all));
        expect(await rootFromTiles(edge.size, readTiles)).toEqual(definedRoot(all));
      }),
      { numRuns: 60 },
    );
  });

  test("a third level of tiles begins at 65,536 leaves", async () => {
    const { edge, all, readTiles, tiles } = grow([65_000, 5_000]);
    expect(edgeRoot(edge)).toEqual(definedRoot(all));
    expect(await rootFromTiles(65_537, readTiles)).toEqual(definedRoot(all.slice(0, 65_537)));
    // The numbers of the specification's own example for 70,000 leaves.
    expect([...tiles.values()].filter((tile) => tile.level === 0)).toHaveLength(274);
    expect([tiles.get("0/273")?.width, tiles.get("1/1")?.width, tiles.get("2/0")?.width]).toEqual([
      112, 17, 1,
    ]);
  });

  test("the tiles kept are exactly those that a tree of the size has", () => {
    fc.assert(
      fc.property(steps, (sizes) => {
        const { edge, tiles } = grow(sizes);
        const expected = levelsOfTree(edge.size).flatMap((level) => {
          const found: string[] = [];
          for (let index = 0; widthInTree(level, index, edge.size) > 0; index += 1) {
            found.push(tilePath({ level, index, width: widthInTree(level, index, edge.size) }));
          }
          return found;
        });
        expect([...tiles.values()].map(tilePath).sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe("proofs", () => {
  // Grown in two steps so that tiles were partial once; long enough for two levels.
  const { edge, all, readTiles } = grow([300, 900]);
  const rootAt = (size: number) => definedRoot(all.slice(0, size));
  const size = fc.integer({ min: 1, max: edge.size });

  test("every leaf of every tree has an inclusion proof that holds, and no altered one does", async () => {
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), fc.nat(), async (treeSize, leafSeed, nodeSeed, bit) => {
        const index = leafSeed % treeSize;
        const proof = await proveInclusion(index, treeSize, readTiles);
        const claim = {
          index,
          size: treeSize,
          leafHash: all[index] as Buffer,
          root: rootAt(treeSize),
          proof,
        };
        expect(inclusionHolds(claim)).toBe(true);
        expect(inclusionHolds({ ...claim, root: flipped(claim.root, bit) })).toBe(false);
        expect(inclusionHolds({ ...claim, leafHash: flipped(claim.leafHash, bit) })).toBe(false);
        expect(inclusionHolds({ ...claim, proof: [...proof, Buffer.alloc(hashOctets)] })).toBe(false);
        if (treeSize > 1) {
          expect(inclusionHolds({ ...claim, index: (index + 1) % treeSize })).toBe(false);
          expect(inclusionHolds({ ...claim, proof: proof.slice(1) })).toBe(false);
          expect(inclusionHolds({ ...claim, proof: alteredAt(proof, nodeSeed, bit) })).toBe(false);
        }
      }),
    );
  });

  test("every tree has a consistency proof to every later one, and no altered one holds", async () => {
    await fc.assert(
      fc.asyncProperty(size, size, fc.nat(), fc.nat(), async (one, other, nodeSeed, bit) => {
        const [oldSize, newSize] = [Math.min(one, other), Math.max(one, other)];
        const proof = await proveConsistency(oldSize, newSize, readTiles);
        const claim = { oldSize, newSize, oldRoot: rootAt(oldSize), newRoot: rootAt(newSize), proof };
        expect(consistencyHolds(claim)).toBe(true);
        expect(consistencyHolds({ ...claim, oldRoot: flipped(claim.oldRoot, bit) })).toBe(false);
        expect(consistencyHolds({ ...claim, newRoot: flipped(claim.newRoot, bit) })).toBe(false);
        expect(consistencyHolds({ ...claim, proof: [...proof, Buffer.alloc(hashOctets)] })).toBe(false);
        if (proof.length > 0) {
          expect(consistencyHolds({ ...claim, proof: [] })).toBe(false);
          expect(consistencyHolds({ ...claim, proof: alteredAt(proof, nodeSeed, bit) })).toBe(false);
        }
      }),
    );
  });

  test("every tree extends the empty one, and no tree extends a larger one", async () => {
    const empty = { oldSize: 0, oldRoot: emptyRoot, newSize: 9, newRoot: rootAt(9), proof: [] };
    expect(await proveConsistency(0, 9, readTiles)).toEqual([]);
    expect(consistencyHolds(empty)).toBe(true);
    expect(consistencyHolds({ ...empty, oldRoot: rootAt(1) })).toBe(false);
    expect(
      consistencyHolds({ ...empty, oldSize: 9, oldRoot: rootAt(9), newSize: 8, newRoot: rootAt(8) }),
    ).toBe(false);
  });

  test("a tile that is too short for the tree is refused", async () => {
    const short: ReadTiles = async (wanted) =>
      (await readTiles(wanted)).map((hashes) => hashes.subarray(hashOctets));
    await expect(proveInclusion(3, 1_200, short)).rejects.toMatchObject({ code: "LEDGER_TREE_DAMAGED" });
  });
});

function flipped(hash: Buffer, bit: number): Buffer {
  const copy = Buffer.from(hash);
  const position = bit % (hash.length * 8);
  copy[position >> 3] = (copy[position >> 3] ?? 0) ^ (1 << (position & 7));
  return copy;
}

function alteredAt(proof: readonly Buffer[], seed: number, bit: number): Buffer[] {
  return proof.map((node, index) => (index === seed % proof.length ? flipped(node, bit) : node));
}
