import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foundedEstate, seconds, type TestEstate } from "./ceremony/estate.testkit.ts";
import { rules } from "./ceremony/terms.testkit.ts";
import { lookForKeys, lookForKeysEvery } from "./missing-keys.ts";
import { authorityStanding } from "./standing.ts";

let estate: TestEstate;
beforeAll(async () => {
  estate = await foundedEstate();
});
afterAll(() => estate.end());

const look = () => lookForKeys(estate.database, estate.operationalSigner, estate.clock.read);
const warned = async () => {
  const { warnings } = await estate.database.read((tx) => authorityStanding(tx, rules, estate.clock.read()));
  return warnings.filter((warning) => warning.startsWith("The key of "));
};

describe("A worker that looks for the keys of its CAs", () => {
  test("finds them all in an estate as it was founded: a root's key is looked for in no worker's store", async () => {
    expect(await look()).toEqual([]);
    expect(await warned()).toEqual([]);
  });
  test("says which are missing, of CAs in stock too, for as long as they are missed at each look", async () => {
    const inStock = (await estate.authorities()).find(({ state }) => state === "stock") ?? expect.fail();
    const labels = ["issuing-oca", inStock.keyLabel];
    for (const label of labels) await estate.operationalSigner.destroyKey(label);
    for (let round = 0; round < 5; round += 1) {
      expect(await look()).toEqual([inStock.id, "issuing-oca"]);
      expect(await warned()).toEqual([
        expect.stringContaining(`The key of ${inStock.id} `),
        expect.stringContaining("The key of issuing-oca "),
      ]);
      estate.clock.advance(lookForKeysEvery);
    }
    // Found again, as after a restore of the store: no look tells of them any more.
    for (const label of labels) await estate.operationalSigner.generateKey(label, "ecdsa-p256-sha256");
    expect(await look()).toEqual([]);
    estate.clock.advance(2 * lookForKeysEvery + seconds);
    expect(await warned()).toEqual([]);
  });
});
