import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeAct } from "./act-encoding.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { proveLeaf, readActs, readResource } from "./read-ledger.ts";
import { type TestLedger, testActs, testLedger } from "./testkit.ts";
import { leafHash, treeHash } from "./tree/hash.ts";
import { inclusionHolds } from "./tree/verify-proof.ts";

const acts = testActs(600);
let ledger: TestLedger;
beforeAll(async () => {
  ledger = await testLedger();
  await ledger.record(acts.slice(0, 300));
  await ledger.sequence();
  await ledger.record(acts.slice(300));
  await ledger.sequence();
});
afterAll(async () => {
  await ledger.drop();
});
const resource = (path: string) => ledger.database.read((tx) => readResource(tx, path));

test("acts are read in the order of their leaves", async () => {
  const read = await ledger.database.read((tx) => readActs(tx, 298, 4));
  expect(read).toEqual([298, 299, 300, 301].map((leaf) => ({ leaf, act: acts[leaf] })));
});

test("whoever holds only the verifier key can check that an act stands in the ledger", async () => {
  for (const leaf of [0, 255, 256, 599]) {
    const { entry, checkpoint, proof } = await ledger.database.read((tx) => proveLeaf(tx, leaf));
    const { size, root } = openCheckpoint(checkpoint, ledger.signer.verifier);
    expect(inclusionHolds({ index: leaf, leafHash: leafHash(entry), size, root, proof })).toBe(true);
    expect(inclusionHolds({ index: leaf, leafHash: leafHash(Buffer.from("other")), size, root, proof })).toBe(
      false,
    );
  }
});

test("a leaf that no checkpoint covers has no proof", async () => {
  await expect(ledger.database.read((tx) => proveLeaf(tx, 600))).rejects.toMatchObject({
    code: "LEDGER_LEAF_NOT_FOUND",
  });
});

describe("the resources of a tiled log", () => {
  test("are the checkpoint, tiles of hashes, and bundles of entries that hash to them", async () => {
    const { root, size } = openCheckpoint((await resource("checkpoint")).toString(), ledger.signer.verifier);
    const tiles = await Promise.all(["tile/0/000", "tile/0/001", "tile/0/002.p/88"].map(resource));
    expect(treeHash(Buffer.concat(tiles))).toEqual(root);
    expect(await resource("tile/1/000.p/2")).toEqual(Buffer.concat(tiles.slice(0, 2).map(treeHash)));

    const bundles = Buffer.concat(
      await Promise.all(["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"].map(resource)),
    );
    const entries: Buffer[] = [];
    for (let offset = 0; offset < bundles.length; ) {
      const end = offset + 2 + bundles.readUInt16BE(offset);
      entries.push(bundles.subarray(offset + 2, end));
      offset = end;
    }
    expect(size).toBe(600);
    expect(entries).toEqual(acts.map(encodeAct));
  });

  test("stay where they were when the tree has grown: a partial tile is the beginning of the wider one", async () => {
    expect(await resource("tile/0/001.p/44")).toEqual((await resource("tile/0/001")).subarray(0, 44 * 32));
  });

  test.each([
    "tile/0/002",
    "tile/0/002.p/89",
    "tile/0/003.p/1",
    "tile/1/000.p/3",
    "tile/2/000.p/1",
    "tile/0/2",
    "checkpoint/",
    "",
  ])("%j is not there", async (path) => {
    await expect(resource(path)).rejects.toMatchObject({ code: "LEDGER_LEAF_NOT_FOUND" });
  });
});
