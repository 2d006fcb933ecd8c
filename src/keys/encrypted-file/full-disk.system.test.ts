import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mayMount, smallDisk } from "../../database/testkit/small-disk.ts";
import { openSigner } from "../open.ts";
import { makeFileStore } from "../testkit/file-store.ts";

describe.skipIf(!mayMount)("A full disk under a key store [needs root and mount]", () => {
  test("makes no key and loses none; those that are there sign, and keys are made again when there is room", async (context) => {
    const disk = smallDisk(1) ?? context.skip("mount is not allowed here");
    const store = await makeFileStore();
    try {
      const file = join(disk.folder, "operational.keys");
      copyFileSync(store.settings.file, file);
      chmodSync(file, 0o600);
      const signer = await openSigner({ ...store.settings, file });
      const { publicKey } = await signer.generateKey("first", "ecdsa-p256-sha256");
      disk.fill();
      await expect(signer.generateKey("second", "ecdsa-p256-sha256")).rejects.toMatchObject({
        code: "KEY_STORE_WRITE_FAILED",
        details: { reason: "ENOSPC" },
      });
      expect((await signer.listKeys()).map(({ label }) => label)).toEqual(["first"]);
      expect(await signer.sign("first", Buffer.from("a message"))).toBeInstanceOf(Buffer);
      // As a process that starts now finds it.
      const again = await openSigner({ ...store.settings, file });
      expect((await again.findKey("first")).publicKey).toEqual(publicKey);
      await again.close();
      disk.makeRoom();
      await signer.generateKey("second", "ecdsa-p256-sha256");
      expect(await signer.listLabels()).toEqual(["first", "second"]);
      await signer.close();
    } finally {
      await store.remove();
      disk.remove();
    }
  });
});
