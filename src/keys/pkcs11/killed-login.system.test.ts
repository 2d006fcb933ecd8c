import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { openSigner } from "../open.ts";
import { code, verifies } from "../testkit/signer-contract.ts";
import { makeTokenStore, softHsmModule, type TokenFixture } from "../testkit/softhsm-store.ts";

/*
 * SoftHSM2 2.6.1 writes a token's own file, token.object, at every login: ftruncate(2) to nothing, then
 * write(2). A process killed in between leaves it empty, and the token is gone with every key, unless there is a copy.
 */
describe.skipIf(softHsmModule === undefined)("[needs softhsm2] a token whose user is killed at login", () => {
  let token: TokenFixture;
  let file: string;
  let copy: string;

  beforeEach(async () => {
    token = await makeTokenStore();
    const [folder = ""] = await readdir(token.tokens);
    file = join(token.tokens, folder, "token.object");
    copy = join(token.folder, "token.object.copy");
    await copyFile(file, copy);
    // After the copy: the file holds no key, so that an old copy serves newer keys.
    const signer = await openSigner(token.settings);
    await signer.generateKey("made-after-the-copy", "ecdsa-p256-sha256");
    await signer.close();
  });

  afterEach(async () => {
    await token.remove();
  });

  async function expectKeyThatSigns(): Promise<void> {
    const signer = await openSigner(token.settings);
    const [key] = await signer.listKeys();
    if (key === undefined) throw new Error("no key");
    expect(verifies(key, key.publicKey, await signer.sign(key.label, key.publicKey))).toBe(true);
    await signer.close();
  }

  it("is not found once its file is empty, and has every key again when a copy of that file is put back", async () => {
    await truncate(file, 0);
    const error: unknown = await openSigner(token.settings).catch((caught: unknown) => caught);
    expect(error).toEqual(code("KEY_TOKEN_NOT_FOUND"));
    expect(isSmkiError(error) ? error.remedy : "").toContain("token.object");
    await copyFile(copy, file);
    await expectKeyThatSigns();
  });

  it("loses nothing but that file, whenever the kill comes", async () => {
    for (let round = 0; round < 12; round += 1) {
      const program = join(import.meta.dirname, "../testkit/login-process.ts");
      const user = spawn(process.execPath, [program, JSON.stringify(token.settings)]);
      await once(user.stdout, "data");
      await pause(10 + Math.random() * 40);
      user.kill("SIGKILL");
      await once(user, "exit");
      if ((await stat(file)).size === 0) await copyFile(copy, file);
      await expectKeyThatSigns();
    }
  });
});
