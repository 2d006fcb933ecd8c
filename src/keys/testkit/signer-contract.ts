import { createPublicKey, verify } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyStore, openSigner } from "../open.ts";
import type { SignerSettings } from "../settings.ts";
import type { KeyAlgorithm, KeyInfo, Signer } from "../signer.ts";
import type { MakeStore, StoreFixture } from "./store-fixture.ts";

export const code = (value: string): unknown => expect.objectContaining({ code: value });

export function verifies(key: KeyInfo, message: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ key: key.publicKey, format: "der", type: "spki" });
  return verify(key.algorithm === "ed25519" ? null : "sha256", message, publicKey, signature);
}

export const numbered = (count: number, prefix = "message"): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`${prefix} ${String(index)}`));

/** What every key store keeps to, whatever it is made of. */
export function describeSignerContract(
  name: string,
  makeStore: MakeStore,
  open: (settings: SignerSettings) => Promise<Signer> = openSigner,
): void {
  describe(name, () => {
    let store: StoreFixture;
    let signer: Signer;

    beforeEach(async () => {
      store = await makeStore();
      signer = await open(store.settings);
    });

    afterEach(async () => {
      await signer.close();
      await store.remove();
    });

    it("holds no key when it is new", async () => {
      expect(await signer.listKeys()).toEqual([]);
    });

    it.each<[KeyAlgorithm, string]>([
      ["ecdsa-p256-sha256", "ec"],
      ["rsa-2048-sha256", "rsa"],
      ["ed25519", "ed25519"],
    ])("signs with a key that it made, and the signature verifies: %s", async (algorithm, type) => {
      const key = await signer.generateKey("issuing-dca/0001", algorithm);
      expect(createPublicKey({ key: key.publicKey, format: "der", type: "spki" }).asymmetricKeyType).toBe(
        type,
      );
      const messages = numbered(40);
      const signatures = await signer.signMany("issuing-dca/0001", messages);
      expect(signatures).toHaveLength(40);
      for (const [index, message] of messages.entries())
        expect(verifies(key, message, signatures[index] ?? Buffer.alloc(0))).toBe(true);
      const single = await signer.sign("issuing-dca/0001", Buffer.from("one"));
      expect(verifies(key, Buffer.from("one"), single)).toBe(true);
      expect(verifies(key, Buffer.from("another"), single)).toBe(false);
    });

    it("answers a batch in the order of its messages, each signature in memory of its own", async () => {
      const key = await signer.generateKey("root-oca", "ed25519");
      const messages = numbered(700);
      const signatures = await signer.signMany("root-oca", messages);
      expect(messages.every((message, index) => verifies(key, message, signatures[index] ?? message))).toBe(
        true,
      );
      expect(await signer.signMany("root-oca", [])).toEqual([]);
    });

    it("gives ECDSA signatures as minimal DER", async () => {
      await signer.generateKey("root-dca", "ecdsa-p256-sha256");
      for (const signature of await signer.signMany("root-dca", numbered(600)))
        expect(isMinimal(signature)).toBe(true);
    });

    it("serves 8 concurrent signers of 200 signatures each without mixing them", async () => {
      const labels = ["a", "b", "c", "d"];
      const keys = await Promise.all(labels.map((label) => signer.generateKey(label, "ecdsa-p256-sha256")));
      const signers = [...keys, ...keys].map(async (key, number) => {
        const messages = numbered(200, `signer ${String(number)}`);
        const singles = messages.slice(0, 20).map((message) => signer.sign(key.label, message));
        const signatures = await signer.signMany(key.label, messages);
        const all = [...signatures, ...(await Promise.all(singles))];
        return all.filter((signature, index) => verifies(key, messages[index % 200] ?? signature, signature))
          .length;
      });
      expect(await Promise.all(signers)).toEqual(new Array(8).fill(220));
    });

    it("lists its keys by label, each with its algorithm and public key", async () => {
      const made = [
        await signer.generateKey("issuing-dca/0002", "ecdsa-p256-sha256"),
        await signer.generateKey("contingency", "ecdh-p256"),
        await signer.generateKey("checkpoint", "ed25519"),
      ];
      expect(await signer.listKeys()).toEqual([made[2], made[1], made[0]]);
      expect(await signer.findKey("contingency")).toEqual(made[1]);
      expect(made.map((key) => key.algorithm)).toEqual(["ecdsa-p256-sha256", "ecdh-p256", "ed25519"]);
    });

    it("tells every label that it has something of, so that a store can be cleared", async () => {
      await signer.generateKey("root-oca", "ecdsa-p256-sha256");
      await signer.generateSecret("contingency-symmetric-key", 32);
      expect(await signer.listLabels()).toEqual(["contingency-symmetric-key", "root-oca"]);
      for (const label of await signer.listLabels()) await signer.destroyKey(label);
      expect(await signer.listLabels()).toEqual([]);
    });

    it("finds every key and secret again when it is opened anew", async () => {
      const key = await signer.generateKey("root-oca", "ecdsa-p256-sha256");
      await signer.generateSecret("contingency-symmetric-key", 32);
      const secret = await signer.readSecret("contingency-symmetric-key");
      await signer.close();
      signer = await open(store.settings);
      expect(await signer.findKey("root-oca")).toEqual(key);
      expect(await signer.readSecret("contingency-symmetric-key")).toEqual(secret);
      expect(verifies(key, secret, await signer.sign("root-oca", secret))).toBe(true);
    });

    it.each([16, 20, 32])("keeps a symmetric secret of %i octets, which is not a key", async (octets) => {
      await signer.generateSecret("contingency-symmetric-key", octets);
      await signer.generateSecret("another", octets);
      const secret = await signer.readSecret("contingency-symmetric-key");
      expect(secret).toHaveLength(octets);
      expect(await signer.readSecret("contingency-symmetric-key")).toEqual(secret);
      expect(await signer.readSecret("another")).not.toEqual(secret);
      expect(await signer.listKeys()).toEqual([]);
    });

    it("does not sign with a key for key agreement", async () => {
      await signer.generateKey("contingency", "ecdh-p256");
      await expect(signer.sign("contingency", Buffer.from("x"))).rejects.toEqual(code("KEY_NOT_FOR_SIGNING"));
    });

    it("never replaces a key or a secret", async () => {
      const key = await signer.generateKey("root-oca", "ecdsa-p256-sha256");
      await signer.generateSecret("secret", 16);
      await expect(signer.generateKey("root-oca", "ed25519")).rejects.toEqual(code("KEY_LABEL_TAKEN"));
      await expect(signer.generateKey("secret", "ed25519")).rejects.toEqual(code("KEY_LABEL_TAKEN"));
      await expect(signer.generateSecret("root-oca", 16)).rejects.toEqual(code("KEY_LABEL_TAKEN"));
      expect(await signer.listKeys()).toEqual([key]);
    });

    it("refuses what it does not hold, and labels and lengths that it does not take", async () => {
      await expect(signer.findKey("none")).rejects.toEqual(code("KEY_NOT_FOUND"));
      await expect(signer.sign("none", Buffer.alloc(1))).rejects.toEqual(code("KEY_NOT_FOUND"));
      await expect(signer.destroyKey("none")).rejects.toEqual(code("KEY_NOT_FOUND"));
      await expect(signer.readSecret("none")).rejects.toEqual(code("KEY_NOT_FOUND"));
      for (const label of ["", " x", "a\nb", "é", "x".repeat(65)])
        await expect(signer.generateKey(label, "ed25519")).rejects.toEqual(code("KEY_LABEL_INVALID"));
      for (const octets of [0, 15, 65, 16.5])
        await expect(signer.generateSecret("s", octets)).rejects.toEqual(code("KEY_SECRET_LENGTH_INVALID"));
    });

    it("forgets a destroyed key, whose label is then free", async () => {
      const old = await signer.generateKey("checkpoint", "ed25519");
      await signer.sign("checkpoint", Buffer.alloc(1));
      await signer.destroyKey("checkpoint");
      await expect(signer.sign("checkpoint", Buffer.alloc(1))).rejects.toEqual(code("KEY_NOT_FOUND"));
      expect((await signer.generateKey("checkpoint", "ed25519")).publicKey).not.toEqual(old.publicKey);
      await signer.generateSecret("secret", 16);
      await signer.destroyKey("secret");
      await expect(signer.readSecret("secret")).rejects.toEqual(code("KEY_NOT_FOUND"));
    });

    it("sees at once what another opening of the same store made or destroyed", async () => {
      const other = await open(store.settings);
      try {
        const key = await other.generateKey("issuing-dca/0003", "ecdsa-p256-sha256");
        expect(verifies(key, key.publicKey, await signer.sign("issuing-dca/0003", key.publicKey))).toBe(true);
        await other.destroyKey("issuing-dca/0003");
        await expect(signer.sign("issuing-dca/0003", Buffer.alloc(1))).rejects.toEqual(code("KEY_NOT_FOUND"));
      } finally {
        await other.close();
      }
    });

    it("refuses every use once it is closed", async () => {
      await signer.generateKey("k", "ed25519");
      await signer.close();
      await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(code("KEY_STORE_CLOSED"));
      await expect(signer.generateKey("l", "ed25519")).rejects.toEqual(code("KEY_STORE_CLOSED"));
      await expect(signer.listKeys()).rejects.toEqual(code("KEY_STORE_CLOSED"));
      await expect(signer.listLabels()).rejects.toEqual(code("KEY_STORE_CLOSED"));
      await signer.close();
    });

    it("opens only for the environment and the purpose that it was created for", async () => {
      const mismatch = code("KEY_ENVIRONMENT_MISMATCH");
      await expect(open({ ...store.settings, environment: "live" })).rejects.toEqual(mismatch);
      await expect(open({ ...store.settings, purpose: "ceremony" })).rejects.toEqual(mismatch);
    });

    it("is not created a second time", async () => {
      const key = await signer.generateKey("root-oca", "ed25519");
      await expect(createKeyStore(store.settings)).rejects.toEqual(code("KEY_STORE_EXISTS"));
      expect(await signer.listKeys()).toEqual([key]);
    });

    it("shows no secret to an inspection, to JSON or in an error", async () => {
      await signer.generateKey("root-oca", "ecdsa-p256-sha256");
      await signer.generateSecret("secret", 32);
      const secret = await signer.readSecret("secret");
      await signer.sign("root-oca", secret);
      const wrong = await signer.findKey("none").catch((error: unknown) => error);
      const shown = [signer, wrong]
        .flatMap((value) => [
          inspect(value, { depth: null, showHidden: true, getters: true }),
          JSON.stringify(value),
        ])
        .join("\n");
      expect(shown).toContain(signer.description);
      for (const text of [...store.secrets, secret.toString("hex"), secret.toString("base64"), "PRIVATE"])
        expect(shown).not.toContain(text);
    });
  });
}

/** X.690 section 8.3.2 and 10.1, read from the rule and not from the encoder. */
function isMinimal(signature: Buffer): boolean {
  if (signature[0] !== 0x30 || signature[1] !== signature.length - 2) return false;
  const r = signature.subarray(4, 4 + (signature[3] ?? 0));
  const rest = signature.subarray(4 + r.length);
  const s = rest.subarray(2);
  const isInteger = (octets: Buffer): boolean => {
    const [first, second] = octets;
    if (first === undefined || first >= 0x80) return false;
    return first !== 0 || octets.length === 1 || (second ?? 0) >= 0x80;
  };
  return signature[2] === 2 && rest[0] === 2 && rest[1] === s.length && isInteger(r) && isInteger(s);
}
