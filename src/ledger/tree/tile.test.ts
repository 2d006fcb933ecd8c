import fc from "fast-check";
import { expect, test } from "vitest";
import { levelsOfTree, parseTilePath, type TileAddress, tilePath, widthInTree } from "./tile.ts";

test("tile paths are those of the specification's examples", () => {
  expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  expect(tilePath({ level: 0, index: 1_067, width: 8 })).toBe("tile/0/x001/067.p/8");
  expect(tilePath({ level: "entries", index: 0, width: 256 })).toBe("tile/entries/000");
});

test("a path read back is the tile that it was written for", () => {
  const address = fc.record({
    level: fc.oneof(fc.constant("entries" as const), fc.integer({ min: 0, max: 63 })),
    index: fc.integer({ min: 0, max: 10 ** 15 }),
    width: fc.integer({ min: 1, max: 256 }),
  });
  fc.assert(
    fc.property(address as fc.Arbitrary<TileAddress>, (tile) => {
      const path = tilePath(tile);
      expect(parseTilePath(path)).toEqual(tile);
    }),
  );
});

test.each([
  "tile/0/67",
  "tile/00/067",
  "tile/64/067",
  "tile/0/x000/067",
  "tile/0/001/067",
  "tile/0/067.p/256",
  "tile/0/067.p/0",
  "tile/0/067.p/08",
  "tile/0/067/",
  "tile/data/067",
  "/tile/0/067",
  "tile/0/../067",
])("%s is not the path of a tile", (path) => {
  expect(parseTilePath(path)).toBeUndefined();
});

test("a tree of 70,000 leaves has the tiles of the specification's example", () => {
  expect(levelsOfTree(70_000)).toEqual([0, 1, 2]);
  expect([272, 273, 274].map((index) => widthInTree(0, index, 70_000))).toEqual([256, 112, 0]);
  expect([0, 1, 2].map((index) => widthInTree(1, index, 70_000))).toEqual([256, 17, 0]);
  expect([0, 1].map((index) => widthInTree(2, index, 70_000))).toEqual([1, 0]);
});

test("a tree of 256 leaves has a full tile and, above it, a tile of one hash", () => {
  expect([widthInTree(0, 0, 256), widthInTree(0, 1, 256), widthInTree(1, 0, 256)]).toEqual([256, 0, 1]);
});
