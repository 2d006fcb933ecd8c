import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listAuthorities } from "../authorities/authorities.ts";
import { sampleSitting } from "../authorities/ceremony/estate.testkit.ts";
import { extendStock } from "../authorities/ceremony/stock.ts";
import { openSigner } from "../keys/open.ts";
import type { SignerSettings } from "../keys/settings.ts";
import { makeTokenStore, softHsmModule, type TokenFixture } from "../keys/testkit/softhsm-store.ts";
import { type BackedUpEstate, backedUpEstate } from "./backup.testkit.ts";
import { checkBackup } from "./check-backup.ts";

describe("a ceremony that is held while the back-up is taken, between any two of its steps", () => {
  let estate: BackedUpEstate;
  /** The operational keys as they were before the ceremony. */
  let olderKeys = "";
  beforeAll(async () => {
    estate = await backedUpEstate();
    olderKeys = join(estate.place, "older.keys");
    const { operational } = estate.keyStores;
    if (operational.kind === "encrypted-file") copyFileSync(operational.file, olderKeys);
    await estate.backup("during", {
      afterStep: async (step) => {
        // At each of them, so that no other order of taking would pass.
        if (step === "checkpoint" || step === "snapshot" || step === "tables")
          await extendStock(estate.room(), sampleSitting, 1);
      },
    });
    await estate.backup("after");
  });
  afterAll(() => estate.end());

  const keysOf = async (data: string, purpose: "operational" | "ceremony") => {
    const store = estate.keyStores[purpose];
    return openSigner(
      store.kind === "pkcs11"
        ? store
        : { ...store, file: join(estate.place, data, "keys", `${purpose}.keys`) },
    );
  };

  test("leaves no reference without its key; its own keys are named, and their numbers not given again", async () => {
    const restored = await estate.restore("one", "during", { acceptLoss: true });
    expect(restored.report.holds).toBe(true);
    expect(restored.unknownKeys).toEqual(["issuing-dca/0005", "issuing-dca/0006"]);
    const database = await estate.open("one");
    const operationalSigner = await keysOf("one", "operational");
    const ceremonySigner = await keysOf("one", "ceremony");
    try {
      const checkpoint = () => Promise.resolve("origin\n0\nroot\n");
      await extendStock(
        estate.room({ database, operationalSigner, ceremonySigner, checkpoint }),
        sampleSitting,
        1,
      );
      const ids = (await database.read((tx) => listAuthorities(tx))).map(({ id }) => id);
      // Two keys are seen, and as many again as a ceremony makes may have been made that are not.
      expect(ids).toContain("issuing-dca/0010");
      expect(ids.filter((id) => /000[5-9]$/.test(id))).toEqual([]);
    } finally {
      await operationalSigner.close();
      await ceremonySigner.close();
    }
  });

  test("a key store from before it is found out, and nothing is restored with it", async () => {
    const { operational, ceremony } = estate.keyStores;
    const survived = { ...operational, file: olderKeys } as SignerSettings;
    const keyStores = {
      operational: survived,
      ceremony: { ...ceremony, file: join(estate.place, "two", "keys", "ceremony.keys") } as SignerSettings,
    };
    const before = readFileSync(olderKeys);
    await expect(estate.restore("two", "after", { acceptLoss: true, keyStores })).rejects.toMatchObject({
      code: "RESTORE_KEYS_MISSING",
      details: { missing: 3, first: "issuing-dca/0004" },
    });
    // A file that outlived the estate is never written over.
    expect(readFileSync(olderKeys)).toEqual(before);
  });
});

describe.skipIf(softHsmModule === undefined)("an estate whose keys are in a token [needs softhsm2]", () => {
  let token: TokenFixture;
  let estate: BackedUpEstate;
  beforeAll(async () => {
    token = await makeTokenStore();
    estate = await backedUpEstate(token.settings);
  });
  afterAll(async () => {
    await estate.end();
    await token.remove();
  });

  test("has their labels and public keys in its back-up, and says that the HSM's own is needed", async () => {
    const { manifest } = await estate.backup("token");
    const [store] = manifest.keyStores;
    expect(store?.keys?.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["ledger", "issuing-dca/0001", "issuing-oca"]),
    );
    expect(store?.file).toBeUndefined();
    expect(manifest.notHeld.join(" ")).toContain("HSM's own back-up");
    const text = JSON.stringify((await checkBackup(join(estate.place, "token"))).manifest);
    for (const secret of token.secrets) expect(text).not.toContain(secret);
  });

  test("is restored with the token that it had, in which its ledger gets another key", async () => {
    const restored = await estate.restore("token-restored", "token", { acceptLoss: true });
    expect(restored).toMatchObject({
      report: { holds: true },
      ledger: { isSuccessor: true },
      unknownKeys: [],
    });
    const labels = await estate.operationalSigner.listLabels();
    expect(labels.filter((label) => label.startsWith("ledger"))).toHaveLength(2);
  });

  test("says so when the token is not reached, and is backed up all the same", async () => {
    const operational = { ...token.settings, tokenLabel: "no such token" };
    const { manifest } = await estate.backup("away", { keyStores: { ...estate.keyStores, operational } });
    expect(manifest.keyStores[0]).toMatchObject({ notReached: "KEY_TOKEN_NOT_FOUND" });
    expect(manifest.notHeld[0]).toContain("was not reached");
  });
});
