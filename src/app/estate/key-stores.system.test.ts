import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ledgerKeyLabel } from "../../authorities/ceremony/hierarchy.ts";
import type { Sitting } from "../../authorities/ceremony/sitting.ts";
import { loadSettings } from "../../settings/load.ts";
import { holdCeremonyIn } from "./ceremony-room.ts";
import { type Estate, openEstate } from "./estate.ts";
import { ensureKeyStores, openCeremonySigner, openOperationalSigner } from "./key-stores.ts";
import { estatePaths } from "./paths.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-t-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const passphraseFile = join(folder, "passphrase");
writeFileSync(passphraseFile, "a passphrase of a test estate\n", { mode: 0o600 });
/** Key stores outside every data folder, as the settings of several estates may name them by mistake. */
const storesIn = (name: string): Record<string, string> => ({
  SMKI_ENVIRONMENT: "test",
  SMKI_ISSUING_DCA_STOCK_SIZE: "1",
  SMKI_KEYS_OPERATIONAL_FILE: join(folder, name, "operational.keys"),
  SMKI_KEYS_OPERATIONAL_PASSPHRASE_FILE: passphraseFile,
  SMKI_KEYS_CEREMONY_FILE: join(folder, name, "ceremony.keys"),
  SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: passphraseFile,
});

async function within<Result>(
  data: string,
  stores: string,
  work: (estate: Estate) => Promise<Result>,
): Promise<Result> {
  const settings = loadSettings({ env: storesIn(stores), overrides: { dataFolder: join(folder, data) } });
  const estate = await openEstate(settings, { applicationName: "test", server: "start" });
  try {
    return await work(estate);
  } finally {
    await estate.close();
  }
}

const sitting: Sitting = {
  witnesses: ["Wanda Witness", "Walter Witness"],
  sampleWitnesses: true,
  operator: "operator:test",
  software: "test",
};
const found = (estate: Estate) => holdCeremonyIn(estate, { purpose: "found" }, sitting);
const storesOf = (name: string) =>
  ["operational.keys", "ceremony.keys"].map((file) => readFileSync(join(folder, name, file), "base64"));

describe("The keys of a living estate", () => {
  let before: readonly string[] = [];
  beforeAll(async () => {
    await within("first", "shared", found);
    before = storesOf("shared");
  });

  test("are out of reach of a founding in another data folder whose settings name the same stores", async () => {
    await expect(within("second", "shared", found)).rejects.toMatchObject({
      code: "KEY_STORE_OF_ANOTHER_ESTATE",
    });
    expect(storesOf("shared")).toEqual(before);
  });

  test("are not destroyed by a founding under its own name, where its ledger's files are gone", async () => {
    const [first, third] = [estatePaths(join(folder, "first")), estatePaths(join(folder, "third"))];
    const founding = within("third", "shared", (estate) => {
      copyFileSync(first.estateId, third.estateId);
      return found(estate);
    });
    await expect(founding).rejects.toMatchObject({ code: "ESTATE_KEYS_IN_USE" });
    expect(storesOf("shared")).toEqual(before);
  });

  test("are not destroyed where only the signer's last checkpoint is gone, and no new one is made", async () => {
    const [first, fourth] = [estatePaths(join(folder, "first")), estatePaths(join(folder, "fourth"))];
    const founding = within("fourth", "shared", (estate) => {
      copyFileSync(first.estateId, fourth.estateId);
      copyFileSync(first.ledgerVerifierKey, fourth.ledgerVerifierKey);
      return found(estate);
    });
    await expect(founding).rejects.toMatchObject({ code: "LEDGER_SIGNER_STORE_MISSING" });
    expect(storesOf("shared")).toEqual(before);
  });

  test("are opened by nobody who has lost the estate's name, and it gets no other; with it they open", async () => {
    const { estateId } = estatePaths(join(folder, "first"));
    const id = readFileSync(estateId);
    const missing = { code: "ESTATE_ID_MISSING" };
    for (const lose of [() => rmSync(estateId), () => writeFileSync(estateId, "\n")]) {
      lose();
      await within("first", "shared", async (estate) => {
        await expect(openOperationalSigner(estate)).rejects.toMatchObject(missing);
        await expect(openCeremonySigner(estate)).rejects.toMatchObject(missing);
        await expect(ensureKeyStores(estate)).rejects.toMatchObject(missing);
      });
    }
    writeFileSync(estateId, id);
  });

  test("open for their own", () =>
    within("first", "shared", async (estate) => {
      const signers = [await openCeremonySigner(estate), await openOperationalSigner(estate)];
      for (const signer of signers) await signer.close();
    }));
});

test("A founding that stopped when it had the ledger's key and nothing else goes on", () =>
  within("stopped", "of-stopped", async (estate) => {
    await ensureKeyStores(estate);
    const signer = await openOperationalSigner(estate);
    await signer.generateKey(ledgerKeyLabel, "ed25519");
    await signer.close();
    await expect(found(estate)).resolves.toMatchObject({ id: 1 });
  }));
