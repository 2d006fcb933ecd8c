import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ledgerKeyLabel, recordKeyLabel } from "../../authorities/ceremony/hierarchy.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { createKeyStore, openSigner } from "../../keys/open.ts";
import type { SignerSettings } from "../../keys/settings.ts";
import type { Signer } from "../../keys/signer.ts";
import {
  type CheckpointSigner,
  createCheckpointSigner,
  openCheckpointSigner,
} from "../../ledger/checkpoint-signer.ts";
import { findLedgerKey } from "../../ledger/ledger-key.ts";
import { formatVerifierKey, type NoteVerifier, noteVerifier, signNote } from "../../ledger/note.ts";
import type { KeyStore } from "../../settings/settings.ts";
import type { Estate } from "./estate.ts";
import { ensureEstateId, readEstateId } from "./estate-id.ts";
import { readVerifierKey } from "./ledger-key.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Opens the store that the workers sign from.
 *
 * @throws SmkiError ESTATE_ID_MISSING, KEY_STORE_OF_ANOTHER_ESTATE and whatever keeps the store from being opened
 */
export async function openOperationalSigner({ settings, paths }: Estate): Promise<Signer> {
  return await openSigner(named(settings.keys.operational, readEstateId(paths)));
}

/** Opens the store of the root keys: ceremonies only. @throws SmkiError as `openOperationalSigner` */
export async function openCeremonySigner({ settings, paths }: Estate): Promise<Signer> {
  return await openSigner(named(settings.keys.ceremony, readEstateId(paths)));
}

/** Both stores as they are opened, for the duties that read them. */
export function namedStores(settings: Estate["settings"], paths: Estate["paths"]) {
  const estate = readEstateId(paths);
  return {
    operational: named(settings.keys.operational, estate),
    ceremony: named(settings.keys.ceremony, estate),
  };
}

/** A store with the name of the estate that it is, or is to be, marked with. */
const named = (store: KeyStore, estate: string): SignerSettings => ({ ...store, estate });

/** Opens the signer of the ledger's checkpoints. */
export async function openLedgerSigner(estate: Estate, signer: Signer): Promise<CheckpointSigner> {
  const verifier = readVerifierKey(estate.paths);
  return openCheckpointSigner({
    signer,
    // By the key that is published: after a restore that lost acts it is another than the founding's.
    keyLabel: await findLedgerKey(signer, verifier),
    origin: verifier.name,
    storePath: estate.paths.lastCheckpoint,
  });
}

/**
 * Makes both key stores and the ledger's key, at the beginning of a founding ceremony. Safe to repeat: what a
 * ceremony that stopped half-way made is found and kept; its keys of CAs are the ceremony's to destroy.
 *
 * @returns what was made, for the record
 */
export async function ensureKeyStores(estate: Estate): Promise<string[]> {
  const made: string[] = [];
  const estateId = ensureEstateId(estate.paths);
  for (const store of [estate.settings.keys.ceremony, estate.settings.keys.operational]) {
    made.push(...ensurePassphrase(store, estate));
    try {
      if (store.kind === "encrypted-file") mkdirSync(dirname(store.file), { recursive: true, mode: 0o700 });
      await createKeyStore(named(store, estateId));
      made.push(`${store.purpose} key store made (${store.kind})`);
    } catch (error) {
      // A ceremony that stopped half-way made it.
      if (!isSmkiError(error, "KEY_STORE_EXISTS")) throw error;
    }
  }
  return made;
}

/**
 * In test, a passphrase that nobody chose is made up and kept beside the data: such an estate starts by itself,
 * and guards nothing that matters. In live the settings name a passphrase file outside the data folder.
 */
function ensurePassphrase(store: KeyStore, { settings, paths }: Estate): string[] {
  if (store.kind !== "encrypted-file" || settings.environment !== "test") return [];
  if (!store.passphraseFile.startsWith(paths.secrets) || existsSync(store.passphraseFile)) return [];
  mkdirSync(paths.secrets, { recursive: true, mode: 0o700 });
  writeWhole(store.passphraseFile, `${randomBytes(24).toString("base64url")}\n`, 0o600);
  return [`passphrase of the ${store.purpose} key store made up, since this is a test environment`];
}

/**
 * Begins the ledger: its key in the operational store, its signer's own store, its public verifier key. A ledger is
 * begun only where there are no other keys yet: a founding destroys what an abandoned one left, and the only proof
 * that it was abandoned is a ledger in this folder that has signed for nothing.
 *
 * @throws SmkiError ESTATE_KEYS_IN_USE, LEDGER_SIGNER_STORE_MISSING
 */
export async function ensureLedgerKey(
  estate: Estate,
  signer: Signer,
  ceremonySigner: Signer,
): Promise<CheckpointSigner> {
  const { paths, settings } = estate;
  if (existsSync(paths.ledgerVerifierKey)) return openLedgerSigner(estate, signer);
  const keys = await signer.listKeys();
  if (!existsSync(paths.lastCheckpoint)) {
    const labels = [...(await signer.listLabels()), ...(await ceremonySigner.listLabels())];
    const others = labels.filter((label) => label !== ledgerKeyLabel);
    if (others.length > 0)
      throw new SmkiError("ESTATE_KEYS_IN_USE", { folder: paths.data, keys: others.length });
  }
  if (!keys.some(({ label }) => label === ledgerKeyLabel))
    await signer.generateKey(ledgerKeyLabel, "ed25519");
  mkdirSync(dirname(paths.lastCheckpoint), { recursive: true, mode: 0o700 });
  const options = { signer, keyLabel: ledgerKeyLabel, storePath: paths.lastCheckpoint };
  // A crash between the two files leaves a store whose first line says the origin.
  const ledger = existsSync(paths.lastCheckpoint)
    ? await openCheckpointSigner({ ...options, origin: firstLine(paths.lastCheckpoint) })
    : await createCheckpointSigner({
        ...options,
        origin: `opensmki/${settings.environment}/${randomBytes(4).toString("hex")}`,
      });
  writeWhole(paths.ledgerVerifierKey, `${formatVerifierKey(ledger.verifier)}\n`, 0o644);
  return ledger;
}

function firstLine(file: string): string {
  return readFileSync(file, "utf8").split("\n", 1)[0] ?? "";
}

/**
 * Who signs ceremony records: a key of their own, since a record shaped like a checkpoint, signed with the
 * ledger's key, would be one.
 */
async function recordVerifier(estate: Estate, signer: Signer): Promise<NoteVerifier> {
  const keys = await signer.listKeys();
  const key =
    keys.find(({ label }) => label === recordKeyLabel) ??
    (await signer.generateKey(recordKeyLabel, "ed25519"));
  const verifier = noteVerifier(`${readVerifierKey(estate.paths).name}/ceremonies`, key.publicKey);
  writeWhole(estate.paths.recordVerifierKey, `${formatVerifierKey(verifier)}\n`, 0o644);
  return verifier;
}

/**
 * Signs ceremony records: C2SP notes under the key in `ceremony-verifier-key.txt`. The key is made when there is a
 * first record to sign, that of an abandoned founding too; it outlives every ceremony.
 */
export function recordSigner(estate: Estate, signer: Signer): (text: string) => Promise<string> {
  return async (text) =>
    signNote(text, await recordVerifier(estate, signer), (message) => signer.sign(recordKeyLabel, message));
}
