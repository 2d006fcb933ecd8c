import { readFile } from "node:fs/promises";
import { isSmkiError } from "../errors/smki-error.ts";
import { withLock } from "../keys/encrypted-file/lock-file.ts";
import { openSigner } from "../keys/open.ts";
import type { SignerSettings } from "../keys/settings.ts";
import { writeOctets } from "./durable-files.ts";
import type { StoredKeyStore } from "./manifest.ts";

/** Where a key file lies in a back-up. */
const keyFileOf = (purpose: SignerSettings["purpose"]): string => `keys/${purpose}.keys`;

/**
 * Takes what can be taken of a key store: an encrypted file whole, as it is, still encrypted; of a token only what it
 * holds by label and public key, since a private key never leaves it.
 *
 * A store that cannot be reached is no failure: the ceremony store may be locked away. The manifest says so.
 *
 * @param folder - the back-up
 */
export async function copyKeyStore(folder: string, settings: SignerSettings): Promise<StoredKeyStore> {
  const { purpose, kind } = settings;
  let held: Buffer | StoredKeyStore["keys"];
  try {
    held = settings.kind === "pkcs11" ? await keysIn(settings) : await octetsOf(settings.file);
  } catch (error) {
    const code = isSmkiError(error) ? error.code : (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { purpose, kind, notReached: code };
  }
  return Buffer.isBuffer(held)
    ? { purpose, kind, file: await writeOctets(folder, keyFileOf(purpose), held) }
    : { purpose, kind, keys: held };
}

/**
 * Whoever writes the store holds this lock from reading its content to replacing the file: we see it before or after a
 * change, and the file is replaced by rename, so that it is whole in either case.
 */
const octetsOf = (file: string): Promise<Buffer> => withLock(file, () => readFile(file));

async function keysIn(settings: SignerSettings) {
  const signer = await openSigner(settings);
  try {
    return (await signer.listKeys()).map(({ label, algorithm, publicKey }) => ({
      label,
      algorithm,
      publicKey: publicKey.toString("base64"),
    }));
  } finally {
    await signer.close();
  }
}

/** What a person must keep elsewhere, for a key store of this kind, in sentences. */
export function keptElsewhere(store: StoredKeyStore, environment: "test" | "live"): string[] {
  const { purpose, kind, notReached } = store;
  const name = `The ${purpose} key store`;
  if (notReached !== undefined)
    return [
      `${name} was not reached (${notReached}): it is not in this back-up. Keep a back-up of it elsewhere.`,
    ];
  if (kind === "pkcs11")
    return [
      `${name} is a token: its private keys are not in this back-up. The HSM's own back-up, as its maker says, is needed to restore.`,
    ];
  return environment === "live"
    ? [
        `${name} is here, encrypted; its passphrase is not. Without the passphrase it is of no use: keep it elsewhere.`,
      ]
    : [];
}
