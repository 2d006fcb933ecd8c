import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyStore, openSigner } from "./open.ts";
import type { SignerSettings } from "./settings.ts";
import { makeFileStore } from "./testkit/file-store.ts";
import { code } from "./testkit/signer-contract.ts";
import { makeToken, softHsmModule } from "./testkit/softhsm-store.ts";
import type { StoreFixture } from "./testkit/store-fixture.ts";

/** A place for a store that has not been created yet. */
async function emptyFile(): Promise<StoreFixture> {
  const store = await makeFileStore();
  return { ...store, settings: { ...store.settings, file: join(store.folder, "new.keys") } };
}

function describeOwnership(name: string, makePlace: () => Promise<StoreFixture>): void {
  describe(name, () => {
    let place: StoreFixture;
    let ofA: SignerSettings;
    let ofB: SignerSettings;

    beforeEach(async () => {
      place = await makePlace();
      ofA = { ...place.settings, estate: "estate-a" };
      ofB = { ...place.settings, estate: "estate-b" };
    });

    afterEach(async () => {
      await place.remove();
    });

    async function keysSeenWith(settings: SignerSettings): Promise<string[]> {
      const signer = await openSigner(settings);
      try {
        return (await signer.listKeys()).map(({ label }) => label);
      } finally {
        await signer.close();
      }
    }

    it("of one estate is not opened for another, nor made anew for it, and keeps its keys", async () => {
      await createKeyStore(ofA);
      const signer = await openSigner(ofA);
      await signer.generateKey("root-dca", "ecdsa-p256-sha256");
      await signer.close();
      await expect(openSigner(ofB)).rejects.toEqual(code("KEY_STORE_OF_ANOTHER_ESTATE"));
      await expect(createKeyStore(ofB)).rejects.toEqual(code("KEY_STORE_EXISTS"));
      // Written to since it was made: the estate is in every version of the store.
      expect(await keysSeenWith(ofA)).toEqual(["root-dca"]);
      await expect(openSigner(ofB)).rejects.toEqual(code("KEY_STORE_OF_ANOTHER_ESTATE"));
    });

    it("is opened without comparing by settings that name no estate", async () => {
      await createKeyStore(ofA);
      expect(await keysSeenWith(place.settings)).toEqual([]);
    });

    it("that names no estate serves none", async () => {
      await createKeyStore(place.settings);
      await expect(openSigner(ofA)).rejects.toEqual(code("KEY_STORE_OF_NO_ESTATE"));
      await expect(createKeyStore(ofA)).rejects.toEqual(code("KEY_STORE_EXISTS"));
    });

    it("is not made for an estate whose name no store can hold", async () => {
      await expect(createKeyStore({ ...place.settings, estate: "a\nb" })).rejects.toEqual(
        code("KEY_ESTATE_INVALID"),
      );
      await expect(openSigner(place.settings)).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
    });
  });
}

describeOwnership("an encrypted key file", emptyFile);
describe.skipIf(softHsmModule === undefined)("[needs softhsm2]", () => {
  describeOwnership("a token as key store", () => makeToken());
});
