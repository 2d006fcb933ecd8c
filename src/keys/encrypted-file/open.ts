import { SmkiError } from "../../errors/smki-error.ts";
import { readSecretFile } from "../secret-file.ts";
import type { EncryptedFileSettings } from "../settings.ts";
import { identityOf } from "../store-identity.ts";
import { EncryptedFileSigner } from "./encrypted-file-signer.ts";
import { StoreFile } from "./store-file.ts";

const SHORTEST_PASSPHRASE = 16;

/** @throws SmkiError KEY_STORE_EXISTS, KEY_ESTATE_INVALID, KEY_PASSPHRASE_TOO_SHORT and those of readSecretFile */
export async function createEncryptedFile(settings: EncryptedFileSettings): Promise<void> {
  const passphrase = await readPassphrase(settings.passphraseFile);
  await StoreFile.create(settings.file, identityOf(settings), passphrase);
}

/** @throws SmkiError of StoreFile.open and readSecretFile */
export async function openEncryptedFile(settings: EncryptedFileSettings): Promise<EncryptedFileSigner> {
  const passphrase = await readPassphrase(settings.passphraseFile);
  return new EncryptedFileSigner(await StoreFile.open(settings.file, settings, passphrase));
}

async function readPassphrase(path: string): Promise<string> {
  const passphrase = await readSecretFile(path);
  if (passphrase.trim().length < SHORTEST_PASSPHRASE)
    throw new SmkiError("KEY_PASSPHRASE_TOO_SHORT", { file: path, shortest: SHORTEST_PASSPHRASE });
  return passphrase;
}
