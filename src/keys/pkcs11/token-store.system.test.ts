import { spawnSync } from "node:child_process";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PKCS11 } from "pkcs11js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyStore, openSigner } from "../open.ts";
import { code, numbered, verifies } from "../testkit/signer-contract.ts";
import { initialiseToken, makeToken, softHsmModule, type TokenFixture } from "../testkit/softhsm-store.ts";
import { startKeyMaker } from "../testkit/start-key-maker.ts";
import { CKA, CKO } from "./cryptoki.ts";
import { useModule } from "./module.ts";
import { attribute, findObjects, readFlag, type Session } from "./objects.ts";
import { logInToToken } from "./open-token.ts";
import { objectsOf } from "./token-keys.ts";

describe.skipIf(softHsmModule === undefined)("[needs softhsm2] a token", () => {
  let token: TokenFixture;

  beforeEach(async () => {
    token = await makeToken();
  });

  afterEach(async () => {
    await token.remove();
  });

  const wrongPin = async (): Promise<void> => writeFile(token.settings.pinFile, "11111111\n");
  const named = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}/${String(index).padStart(2, "0")}`);

  async function labels(): Promise<string[]> {
    const signer = await openSigner(token.settings);
    const keys = await signer.listKeys();
    await signer.close();
    return keys.map((key) => key.label);
  }

  /** A session beside the signer's, as another program's would be. */
  async function withSession<Answer>(work: (session: Session, cryptoki: PKCS11) => Answer): Promise<Answer> {
    const open = await logInToToken(token.settings);
    try {
      return work(open.session, open.session.cryptoki);
    } finally {
      open.close();
    }
  }

  it("is refused with a module that is missing, named without its folder, or no PKCS #11 library", async () => {
    for (const module of ["/nowhere/lib.so", "libsofthsm2.so", token.settings.pinFile, process.execPath])
      await expect(openSigner({ ...token.settings, module })).rejects.toEqual(code("KEY_MODULE_NOT_FOUND"));
  });

  it("is refused when there is none of the label or serial number, or several of the label", async () => {
    const missing = code("KEY_TOKEN_NOT_FOUND");
    await expect(openSigner({ ...token.settings, tokenLabel: "other" })).rejects.toEqual(missing);
    await expect(openSigner({ ...token.settings, tokenSerial: "0" })).rejects.toEqual(missing);
    await initialiseToken(token.settings.tokenLabel);
    await expect(openSigner(token.settings)).rejects.toEqual(code("KEY_TOKEN_AMBIGUOUS"));
    const module = await useModule(token.settings.module);
    const serials = module.cryptoki
      .C_GetSlotList(true)
      .map((slot) => module.cryptoki.C_GetTokenInfo(slot).serialNumber);
    module.release();
    const chosen = { ...token.settings, tokenSerial: serials[0]?.trim() ?? "" };
    await createKeyStore(chosen);
    const signer = await openSigner(chosen);
    expect(signer.description).toContain(chosen.tokenSerial);
    await signer.close();
  });

  it("is asked a wrong PIN once only, and opens with the right one afterwards", async () => {
    await createKeyStore(token.settings);
    const right = token.secrets[0] ?? "";
    await wrongPin();
    const once: unknown = await openSigner(token.settings).catch((error: unknown) => error);
    const twice: unknown = await openSigner(token.settings).catch((error: unknown) => error);
    expect(once).toEqual(code("KEY_PIN_WRONG"));
    expect(twice).toEqual(code("KEY_PIN_WRONG"));
    expect([String(once), String(twice)].join()).not.toContain("11111111");
    expect(String(once)).toContain("CKR_PIN_INCORRECT");
    expect(String(twice)).toContain("not put to the token again");
    await writeFile(token.settings.pinFile, right);
    expect(await labels()).toEqual([]);
    await writeFile(token.settings.pinFile, "");
    await expect(openSigner(token.settings)).rejects.toEqual(code("KEY_SECRET_FILE_UNREADABLE"));
  });

  it("is no key store before it was created as one, nor becomes one when it holds objects", async () => {
    await expect(openSigner(token.settings)).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
    await withSession((session, cryptoki) => {
      cryptoki.C_GenerateKey(session.handle, { mechanism: 0x1080 }, [
        attribute(CKA.TOKEN, true),
        attribute(CKA.VALUE_LEN, 16),
      ]);
    });
    await expect(createKeyStore(token.settings)).rejects.toEqual(code("KEY_STORE_NOT_EMPTY"));
  });

  it("keeps its private keys: sensitive, never extractable, made inside, and unreadable", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner(token.settings);
    for (const algorithm of ["ecdsa-p256-sha256", "ecdh-p256", "rsa-2048-sha256", "ed25519"] as const)
      await signer.generateKey(algorithm, algorithm);
    await withSession((session, cryptoki) => {
      const keys = findObjects(session, CKO.PRIVATE_KEY);
      expect(keys).toHaveLength(4);
      const [alwaysSensitive, neverExtractable, local] = [0x165, 0x164, 0x163];
      for (const key of keys) {
        for (const flag of [CKA.PRIVATE, CKA.SENSITIVE, alwaysSensitive, neverExtractable, local])
          expect(readFlag(session, key, flag), flag.toString(16)).toBe(true);
        expect(readFlag(session, key, CKA.EXTRACTABLE)).toBe(false);
        for (const secretPart of [CKA.VALUE, 0x123])
          expect(() => cryptoki.C_GetAttributeValue(session.handle, key, [{ type: secretPart }])).toThrow(
            /^CKR_/u,
          );
      }
    });
    await signer.close();
  });

  it("that lost its sessions is refused with what to do, and works once it is opened anew", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner({ ...token.settings, signing: "pooled" });
    await signer.generateKey("k", "ed25519");
    await signer.signMany("k", numbered(20));
    await withSession((session, cryptoki) => {
      cryptoki.C_CloseAllSessions(cryptoki.C_GetSessionInfo(session.handle).slotID);
    });
    const unavailable = code("KEY_STORE_UNAVAILABLE");
    await expect(signer.signMany("k", numbered(20))).rejects.toEqual(unavailable);
    await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(unavailable);
    await expect(signer.generateKey("l", "ed25519")).rejects.toEqual(unavailable);
    await signer.close();
    expect(await labels()).toEqual(["k"]);
  });

  it("that logged out is refused, rather than said to hold no keys", async () => {
    await createKeyStore(token.settings);
    for (const signing of ["blocking", "pooled"] as const) {
      const opened = await Promise.all([1, 2, 3].map(() => openSigner({ ...token.settings, signing })));
      const [first] = opened;
      await first?.generateKey(signing, "ed25519");
      await first?.sign(signing, Buffer.alloc(1));
      await withSession((session, cryptoki) => {
        cryptoki.C_Logout(session.handle);
      });
      const unavailable = code("KEY_STORE_UNAVAILABLE");
      await expect(opened[0]?.sign(signing, Buffer.alloc(1))).rejects.toEqual(unavailable);
      await expect(opened[1]?.sign(signing, Buffer.alloc(1))).rejects.toEqual(unavailable);
      await expect(opened[2]?.listKeys()).rejects.toEqual(unavailable);
      for (const signer of opened) await signer.close();
    }
    expect(await labels()).toEqual(["blocking", "pooled"]);
  });

  it("that is removed while it is in use makes no key, and is refused when it is opened anew", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner(token.settings);
    await signer.generateKey("k", "ed25519");
    await rename(token.tokens, join(token.folder, "removed"));
    await expect(signer.generateKey("l", "ed25519")).rejects.toEqual(
      expect.objectContaining({
        code: expect.stringMatching(/^KEY_(TOKEN_FAILED|STORE_UNAVAILABLE)$/u) as unknown,
      }),
    );
    await signer.close();
    await expect(openSigner(token.settings)).rejects.toEqual(
      expect.objectContaining({
        code: expect.stringMatching(/^KEY_(TOKEN_NOT_FOUND|STORE_UNAVAILABLE)$/u) as unknown,
      }),
    );
    await rename(join(token.folder, "removed"), token.tokens);
    expect(await labels()).toEqual(["k"]);
  });

  it("for ceremonies and one for operation are open side by side in one process; one closes without the other", async () => {
    await initialiseToken("smki-ceremony");
    const ceremony = { ...token.settings, tokenLabel: "smki-ceremony", purpose: "ceremony" } as const;
    await createKeyStore(token.settings);
    await createKeyStore(ceremony);
    const [operational, root] = await Promise.all([openSigner(token.settings), openSigner(ceremony)]);
    const key = await operational.generateKey("issuing-dca/0001", "ecdsa-p256-sha256");
    await root.generateKey("root-dca", "ecdsa-p256-sha256");
    await expect(operational.findKey("root-dca")).rejects.toEqual(code("KEY_NOT_FOUND"));
    await root.close();
    expect(verifies(key, key.publicKey, await operational.sign("issuing-dca/0001", key.publicKey))).toBe(
      true,
    );
    await operational.close();
  });

  it("opens for many processes that log in at the same moment", async () => {
    await createKeyStore(token.settings);
    const workers = Array.from({ length: 12 }, (_, index) =>
      startKeyMaker(token.settings, named(String(index), 1)),
    );
    const makers = await Promise.all(workers);
    for (const maker of makers) maker.start();
    const told = (await Promise.all(makers.map((maker) => maker.ended))).flat();
    expect(await labels()).toEqual(told.sort());
    expect(told).toHaveLength(12);
  });

  it("serves two processes at once and loses no key of either", async () => {
    await createKeyStore(token.settings);
    const makers = await Promise.all(
      ["a", "b"].map((prefix) => startKeyMaker(token.settings, named(prefix, 20))),
    );
    for (const maker of makers) maker.start();
    const told = (await Promise.all(makers.map((maker) => maker.ended))).flat();
    expect(told.sort()).toEqual([...named("a", 20), ...named("b", 20)]);
    expect(await labels()).toEqual(told);
  });

  it("tells at most one of two processes that it has the key of a label, and no key is there that nobody has", async () => {
    await createKeyStore(token.settings);
    const makers = await Promise.all([1, 2].map(() => startKeyMaker(token.settings, named("same", 20))));
    for (const maker of makers) maker.start();
    const told = await Promise.all(makers.map((maker) => maker.ended));
    const made = named("same", 20).filter((label) => told.flat().includes(label));
    for (const label of made) expect(told.flat().filter((line) => line === label)).toHaveLength(1);
    expect(await labels()).toEqual(made);
    expect(made.length).toBeGreaterThan(0);
  });

  async function destroyAll(objectClass: typeof CKO.PUBLIC_KEY | typeof CKO.PRIVATE_KEY): Promise<void> {
    await withSession((session, cryptoki) => {
      for (const object of findObjects(session, objectClass))
        cryptoki.C_DestroyObject(session.handle, object);
    });
  }

  it("makes a key under the label of a public key alone, which a crash may leave, and clears that", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner(token.settings);
    const lost = await signer.generateKey("half", "ecdsa-p256-sha256");
    await destroyAll(CKO.PRIVATE_KEY);
    expect(await signer.listLabels()).toEqual(["half"]);
    await expect(signer.findKey("half")).rejects.toEqual(code("KEY_NOT_FOUND"));
    const key = await signer.generateKey("half", "ecdsa-p256-sha256");
    expect(key.publicKey).not.toEqual(lost.publicKey);
    expect(verifies(key, key.publicKey, await signer.sign("half", key.publicKey))).toBe(true);
    expect(await withSession((session) => objectsOf(session, "half"))).toHaveLength(2);
    await signer.close();
  });

  it("keeps the label of a public key alone free for a secret, and destroys the public key on demand", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner(token.settings);
    for (const label of ["one", "other"]) await signer.generateKey(label, "ed25519");
    await destroyAll(CKO.PRIVATE_KEY);
    await signer.generateSecret("one", 32);
    expect(await withSession((session) => objectsOf(session, "one"))).toHaveLength(1);
    await signer.destroyKey("other");
    expect(await signer.listLabels()).toEqual(["one"]);
    await signer.close();
  });

  it("of which a process is killed while it makes and destroys keys has no label that stays unusable", async () => {
    await createKeyStore(token.settings);
    for (const delay of [5, 12, 20, 33]) {
      const maker = await startKeyMaker(token.settings, new Array<string>(500).fill("same"), "destroy");
      maker.start();
      while (maker.lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, delay));
      maker.process.kill("SIGKILL");
      await maker.ended;
      const signer = await openSigner(token.settings);
      for (const label of await signer.listLabels()) await signer.destroyKey(label);
      await signer.generateKey("same", "ecdsa-p256-sha256");
      await signer.destroyKey("same");
      expect(await withSession((session) => objectsOf(session, "same"))).toEqual([]);
      await signer.close();
    }
  });

  it("shows half a pair, which a crash may leave, as damaged, and destroys it on demand", async () => {
    await createKeyStore(token.settings);
    const signer = await openSigner(token.settings);
    await signer.generateKey("half", "ed25519");
    await destroyAll(CKO.PUBLIC_KEY);
    expect(await signer.listKeys()).toEqual([]);
    expect(await signer.listLabels()).toEqual(["half"]);
    await expect(signer.findKey("half")).rejects.toEqual(code("KEY_STORE_DAMAGED"));
    await expect(signer.generateKey("half", "ed25519")).rejects.toEqual(code("KEY_LABEL_TAKEN"));
    await signer.destroyKey("half");
    expect(await withSession((session) => objectsOf(session, "half"))).toEqual([]);
    await signer.close();
  });

  it("without the optional package pkcs11js is refused with what to install", async () => {
    const hook = `import { registerHooks } from "node:module";
      registerHooks({ resolve(name, context, next) {
        if (name === "pkcs11js") throw Object.assign(new Error("absent"), { code: "ERR_MODULE_NOT_FOUND" });
        return next(name, context);
      } });`;
    const file = join(token.folder, "hook.mjs");
    await writeFile(file, hook);
    const program = `const { openSigner } = await import(${JSON.stringify(join(import.meta.dirname, "../open.ts"))});
      await openSigner(${JSON.stringify(token.settings)}).catch((error) => console.log(error.code, error.message));`;
    const outcome = spawnSync(process.execPath, ["--import", file, "--input-type=module", "-e", program]);
    expect(outcome.stdout.toString()).toMatch(/^KEY_STORE_UNAVAILABLE .*pkcs11js is not installed/u);
    await rm(file);
  });
});
