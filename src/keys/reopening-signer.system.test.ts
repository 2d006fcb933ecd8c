import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyStore, openSigner } from "./open.ts";
import { logInToToken } from "./pkcs11/open-token.ts";
import { reopeningSigner } from "./reopening-signer.ts";
import type { SignerSettings } from "./settings.ts";
import type { Signer } from "./signer.ts";
import { type FileStoreFixture, makeFileStore } from "./testkit/file-store.ts";
import { code, describeSignerContract, numbered, verifies } from "./testkit/signer-contract.ts";
import { makeToken, softHsmModule, type TokenFixture } from "./testkit/softhsm-store.ts";

let openings: number;
let now: number;
const reopening = {
  open: (settings: SignerSettings): Promise<Signer> => {
    openings += 1;
    return openSigner(settings);
  },
  elapsed: () => now,
};

beforeEach(() => {
  openings = 0;
  now = 1_000;
});

describe.skipIf(softHsmModule === undefined)("[needs softhsm2] a signer that opens its token again", () => {
  let token: TokenFixture;
  let signer: Signer;

  beforeEach(async () => {
    token = await makeToken();
    await createKeyStore(token.settings);
    signer = await reopeningSigner({ ...token.settings, signing: "pooled" }, reopening);
  });

  afterEach(async () => {
    await signer.close();
    await token.remove();
  });

  /** As when a token is reset: every session of this process ends. */
  async function loseSessions(): Promise<void> {
    const { session, close } = await logInToToken(token.settings);
    const { cryptoki, handle } = session;
    cryptoki.C_CloseAllSessions(cryptoki.C_GetSessionInfo(handle).slotID);
    close();
  }

  it("signs, lists and reads on when its sessions are lost, as often as that happens", async () => {
    const key = await signer.generateKey("k", "ecdsa-p256-sha256");
    const messages = numbered(20);
    for (let round = 1; round <= 3; round += 1) {
      await loseSessions();
      const signatures = await signer.signMany("k", messages);
      expect(messages.every((message, at) => verifies(key, message, signatures[at] ?? message))).toBe(true);
      expect(openings).toBe(1 + round);
      now += 10_000;
    }
    await loseSessions();
    expect(await signer.listKeys()).toEqual([key]);
  });

  it("opens once for all the calls that meet the loss together, each signed with its own key", async () => {
    const labels = ["a", "b", "c"];
    const keys = await Promise.all(labels.map((label) => signer.generateKey(label, "ecdsa-p256-sha256")));
    await loseSessions();
    const messages = numbered(300);
    const answers = await Promise.all(keys.map(({ label }) => signer.signMany(label, messages)));
    for (const [at, key] of keys.entries())
      expect(messages.every((message, n) => verifies(key, message, answers[at]?.[n] ?? message))).toBe(true);
    expect(openings).toBe(2);
  });

  it("repeats no making of a key, which may have taken effect, and makes one when it is asked again", async () => {
    await loseSessions();
    await expect(signer.generateKey("k", "ed25519")).rejects.toEqual(code("KEY_STORE_UNAVAILABLE"));
    expect(openings).toBe(1);
    await signer.generateKey("k", "ed25519");
    expect((await signer.listKeys()).map(({ label }) => label)).toEqual(["k"]);
  });

  it("puts a wrong PIN to the token once, and opens no more until the process is started again", async () => {
    await signer.generateKey("k", "ed25519");
    const right = await readFile(token.settings.pinFile);
    await loseSessions();
    await writeFile(token.settings.pinFile, "22222222\n");
    for (let round = 0; round < 4; round += 1) {
      await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(code("KEY_PIN_WRONG"));
      now += 100_000;
    }
    expect(openings).toBe(2);
    await writeFile(token.settings.pinFile, right);
    await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(code("KEY_PIN_WRONG"));
    expect(openings).toBe(2);
    const started = await openSigner(token.settings);
    expect(await started.listLabels()).toEqual(["k"]);
    await started.close();
  });

  it("is closed for good by close, also after a loss", async () => {
    await loseSessions();
    await signer.close();
    await expect(signer.listKeys()).rejects.toEqual(code("KEY_STORE_CLOSED"));
    expect(openings).toBe(1);
  });
});

describe("a signer that opens its file again", () => {
  let store: FileStoreFixture;
  let signer: Signer;
  const away = (): string => join(store.folder, "away");
  const sign = (): Promise<Buffer> => signer.sign("k", Buffer.alloc(1));

  beforeEach(async () => {
    store = await makeFileStore();
    signer = await reopeningSigner(store.settings, reopening);
    await signer.generateKey("k", "ed25519");
  });

  afterEach(async () => {
    await signer.close();
    await store.remove();
  });

  it("tries ever more rarely while the store is away, and signs again when it is back", async () => {
    await rename(store.settings.file, away());
    const attempts: number[] = [];
    for (let seconds = 0; seconds <= 130; seconds += 0.25) {
      const before = openings;
      await expect(sign()).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
      if (openings > before) attempts.push(seconds);
      now += 250;
    }
    expect(attempts).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5, 121.5]);
    await rename(away(), store.settings.file);
    now += 30_000;
    expect(await sign()).toHaveLength(64);
  });

  it("begins anew with a first opening at once after a minute without a loss", async () => {
    for (let round = 0; round < 3; round += 1) {
      await rename(store.settings.file, away());
      await expect(sign()).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
      await rename(away(), store.settings.file);
      now += 500;
      expect(await sign()).toHaveLength(64);
      now += 61_000;
    }
    expect(openings).toBe(7);
  });

  it("does not open again for what is no loss", async () => {
    await expect(signer.sign("none", Buffer.alloc(1))).rejects.toEqual(code("KEY_NOT_FOUND"));
    await expect(signer.generateKey("k", "ed25519")).rejects.toEqual(code("KEY_LABEL_TAKEN"));
    expect(openings).toBe(1);
  });
});

describe("a signer that opens its store again", () => {
  it("does not open at first when openSigner does not", async () => {
    const store = await makeFileStore();
    await rename(store.settings.file, join(store.folder, "away"));
    await expect(reopeningSigner(store.settings)).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
    await store.remove();
  });
});

describeSignerContract("a signer that opens its file again", makeFileStore, reopeningSigner);
