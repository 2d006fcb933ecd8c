import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEncryptedFile, openEncryptedFile } from "../keys/encrypted-file/open.ts";
import type { EncryptedFileSettings } from "../keys/settings.ts";
import type { Signer } from "../keys/signer.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { createCheckpointSigner, openCheckpointSigner } from "./checkpoint-signer.ts";
import { leafHash, nodeHash } from "./tree/hash.ts";

const folder = mkdtempSync(join(tmpdir(), "checkpoint-signer-"));
const origin = "smki.example/ledger";
let signer: Signer;
const options = () => ({ signer, keyLabel: "ledger", origin, storePath: join(folder, "checkpoint") });

beforeAll(async () => {
  const passphraseFile = join(folder, "passphrase");
  writeFileSync(passphraseFile, "a passphrase for this test alone", { mode: 0o600 });
  const file = join(folder, "keys");
  const settings: EncryptedFileSettings = {
    kind: "encrypted-file",
    environment: "test",
    purpose: "operational",
    file,
    passphraseFile,
  };
  await createEncryptedFile(settings);
  signer = await openEncryptedFile(settings);
  await signer.generateKey("ledger", "ed25519");
  await signer.generateKey("other", "ecdsa-p256-sha256");
});
afterAll(async () => {
  await signer.close();
  rmSync(folder, { recursive: true, force: true });
});

const [first, second] = [leafHash(Buffer.from("first")), leafHash(Buffer.from("second"))];

test("a key in the encrypted file signs the empty tree and what extends it, and nothing else", async () => {
  const checkpoints = await createCheckpointSigner(options());
  expect(await checkpoints.lastCheckpoint()).toMatchObject({ origin, size: 0 });
  expect(statSync(options().storePath).mode & 0o777).toBe(0o600);

  await checkpoints.sign(() => Promise.resolve({ size: 1, root: first, consistencyProof: [] }));
  const extended = { size: 2, root: nodeHash(first, second), consistencyProof: [second] };
  const signed = await checkpoints.sign(() => Promise.resolve(extended));
  expect(openCheckpoint(signed.note, checkpoints.verifier)).toEqual({ origin, size: 2, root: extended.root });

  const reopened = await openCheckpointSigner(options());
  expect((await reopened.lastCheckpoint()).note).toBe(signed.note);
  const other = { size: 2, root: nodeHash(second, first), consistencyProof: [] };
  await expect(reopened.sign(() => Promise.resolve(other))).rejects.toMatchObject({ code: "LEDGER_FORKED" });
  const larger = { size: 3, root: first, consistencyProof: [second] };
  await expect(reopened.sign(() => Promise.resolve(larger))).rejects.toMatchObject({ code: "LEDGER_FORKED" });
  const smaller = { size: 1, root: first, consistencyProof: [] };
  await expect(reopened.sign(() => Promise.resolve(smaller))).rejects.toMatchObject({
    code: "LEDGER_ROLLED_BACK",
  });
  expect((await reopened.lastCheckpoint()).note).toBe(signed.note);
});

test("a key of another algorithm cannot sign checkpoints", async () => {
  const wrong = { ...options(), keyLabel: "other", storePath: join(folder, "wrong") };
  await expect(createCheckpointSigner(wrong)).rejects.toMatchObject({
    code: "LEDGER_VERIFIER_KEY_MALFORMED",
  });
});

test("a store of another origin is refused", async () => {
  const wrong = { ...options(), origin: "smki.example/other" };
  await expect(openCheckpointSigner(wrong)).rejects.toMatchObject({ code: "LEDGER_SIGNER_STORE_DAMAGED" });
});
