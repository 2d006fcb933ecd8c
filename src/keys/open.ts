import { createEncryptedFile, openEncryptedFile } from "./encrypted-file/open.ts";
import { createTokenStore, openToken } from "./pkcs11/open.ts";
import type { SignerSettings } from "./settings.ts";
import type { Signer } from "./signer.ts";

/**
 * Makes a new, empty key store: the encrypted file, or the mark of environment, purpose and estate in an empty
 * token.
 * Durable when it returns.
 *
 * @throws SmkiError KEY_STORE_EXISTS, KEY_STORE_NOT_EMPTY, KEY_ESTATE_INVALID, and whatever keeps the store from being reached
 */
export async function createKeyStore(settings: SignerSettings): Promise<void> {
  if (settings.kind === "encrypted-file") await createEncryptedFile(settings);
  else await createTokenStore(settings);
}

/**
 * Opens a key store that {@link createKeyStore} made. The caller closes it.
 *
 * @throws SmkiError KEY_STORE_NOT_FOUND, KEY_ENVIRONMENT_MISMATCH, KEY_STORE_OF_ANOTHER_ESTATE, KEY_STORE_PASSPHRASE_WRONG,
 * KEY_PIN_WRONG, KEY_FILE_MODE_LOOSE, KEY_STORE_DAMAGED, KEY_MODULE_NOT_FOUND, KEY_TOKEN_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function openSigner(settings: SignerSettings): Promise<Signer> {
  return settings.kind === "encrypted-file" ? await openEncryptedFile(settings) : await openToken(settings);
}
