import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileUnwritable } from "../../cli/output-file.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { replaceFile } from "../../keys/encrypted-file/atomic-file.ts";
import { createKeyStore, openSigner } from "../../keys/open.ts";
import type { SignerSettings } from "../../keys/settings.ts";
import type { Signer } from "../../keys/signer.ts";
import { formatVerifierKey, type NoteVerifier, noteVerifier, parseVerifierKey } from "../../ledger/note.ts";

const keyLabel = "witness";

/** A witness's key: who it is, and how it signs. The caller closes it. */
export interface WitnessKey {
  readonly verifier: NoteVerifier;
  readonly sign: (message: Buffer) => Promise<Buffer>;
  close(): Promise<void>;
}

/** Where a witness's key lies. */
export interface WitnessKeyOptions {
  /** The witness's folder. */
  readonly folder: string;
  /** The key's name, taken at the first start; a made-up one if left out. */
  readonly name?: string | undefined;
  /** A file, or `credential:NAME`; if left out, one in the folder, which is made at the first start. */
  readonly passphraseFile?: string | undefined;
}

/**
 * Opens the key of a witness, which is made at its first start. Which one it is stands in `verifier-key.txt`: that
 * file is written last, so that what a start that was cut short made is gone on with.
 *
 * @throws SmkiError FILE_UNWRITABLE, LEDGER_WITNESS_KEY_CHANGED, LEDGER_VERIFIER_KEY_MALFORMED and those of `openSigner`
 */
export async function openWitnessKey(options: WitnessKeyOptions): Promise<WitnessKey> {
  const { folder } = options;
  makeFolder(folder);
  const store = storeOf(options);
  await ensureStore(store);
  const signer = await openSigner(store);
  try {
    const verifier = await ensureVerifier(options, signer);
    return {
      verifier,
      sign: (message) => signer.sign(keyLabel, message),
      close: () => signer.close(),
    };
  } catch (error) {
    await signer.close();
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw fileUnwritable(folder, cause);
  }
}

/** A key store of its own, marked so that no estate opens it for one of its own, nor the witness an estate's. */
function storeOf({ folder, passphraseFile }: WitnessKeyOptions): SignerSettings & { kind: "encrypted-file" } {
  return {
    kind: "encrypted-file",
    environment: "live",
    purpose: "operational",
    estate: "witness",
    file: join(folder, "witness.keys"),
    passphraseFile: passphraseFile ?? join(folder, "passphrase"),
  };
}

async function ensureStore(store: SignerSettings & { kind: "encrypted-file" }): Promise<void> {
  if (existsSync(store.file)) return;
  // One that was named is its owner's to make, and may be a credential, which is no file of that name.
  if (store.passphraseFile === join(store.file, "../passphrase") && !existsSync(store.passphraseFile))
    writeFileSync(store.passphraseFile, `${randomBytes(24).toString("base64url")}\n`, {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
  await createKeyStore(store).catch((error: unknown) => {
    if (!isSmkiError(error, "KEY_STORE_EXISTS")) throw error;
  });
}

async function ensureVerifier({ folder, name }: WitnessKeyOptions, signer: Signer): Promise<NoteVerifier> {
  const file = join(folder, "verifier-key.txt");
  const keys = await signer.listKeys();
  const isNew = !existsSync(file);
  const key =
    keys.find(({ label }) => label === keyLabel) ??
    (isNew ? await signer.generateKey(keyLabel, "ed25519") : undefined);
  const known = isNew ? undefined : parseVerifierKey(readFileSync(file, "utf8"));
  const itsName = known?.name ?? name ?? `opensmki/witness/${randomBytes(4).toString("hex")}`;
  const verifier = key === undefined ? undefined : noteVerifier(itsName, key.publicKey, "cosignature");
  const isOther = known !== undefined && (known.kind !== "cosignature" || known.keyId !== verifier?.keyId);
  if (verifier === undefined || isOther || (name !== undefined && name !== itsName))
    throw new SmkiError("LEDGER_WITNESS_KEY_CHANGED", { file, name: itsName });
  if (isNew) await replaceFile(file, Buffer.from(`${formatVerifierKey(verifier)}\n`));
  return verifier;
}
