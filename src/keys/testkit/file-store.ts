import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreFile } from "../encrypted-file/store-file.ts";
import type { EncryptedFileSettings } from "../settings.ts";
import type { StoreFixture } from "./store-fixture.ts";

export interface FileStoreFixture extends StoreFixture {
  readonly folder: string;
  readonly settings: EncryptedFileSettings;
}

const PASSPHRASE = "correct horse battery staple";

/** An encrypted file of the test environment, in a folder of its own. */
export async function makeFileStore(): Promise<FileStoreFixture> {
  const folder = await mkdtemp(join(tmpdir(), "smki-keys-"));
  const passphraseFile = join(folder, "passphrase");
  await writeFile(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  const file = join(folder, "operational.keys");
  const settings = {
    kind: "encrypted-file",
    file,
    passphraseFile,
    environment: "test",
    purpose: "operational",
  } as const;
  // The lowest cost that a store may have, since every test makes one.
  await StoreFile.create(file, { environment: "test", purpose: "operational" }, PASSPHRASE, 2 ** 15);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, settings, secrets: [PASSPHRASE], remove };
}
