import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { listAuthorities } from "../authorities/authorities.ts";
import { crlProfiles } from "../authorities/authority.ts";
import { keyStoreOf } from "../authorities/ceremony/hierarchy.ts";
import type { Database } from "../database/connect.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { replaceFile } from "../keys/encrypted-file/atomic-file.ts";
import { openSigner } from "../keys/open.ts";
import type { SignerSettings } from "../keys/settings.ts";
import type { Signer } from "../keys/signer.ts";
import type { Manifest } from "./manifest.ts";
import { preparationFolder } from "./restore-target.ts";

/** A path under the data folder, in the folder of preparation; any other as it is. */
function inPreparation(path: string, dataFolder: string): string {
  const way = relative(dataFolder, path);
  return way.startsWith("..") || way === "" ? path : join(preparationFolder(dataFolder), way);
}

/** A key store as it is opened while the data folder is being prepared. */
export function storeInPreparation(
  store: SignerSettings,
  dataFolder: string,
  estate: string | undefined,
): SignerSettings {
  const named = estate === undefined ? store : { ...store, estate };
  if (named.kind === "pkcs11") return named;
  return {
    ...named,
    file: inPreparation(named.file, dataFolder),
    passphraseFile: inPreparation(named.passphraseFile, dataFolder),
  };
}

/**
 * Puts an encrypted key file in its place. One that is there already, outside the data folder, has outlived the estate:
 * it may hold later keys, and is kept.
 *
 * @returns what was done, for a person; undefined where there is nothing to say
 */
export async function placeKeyFile(
  backup: string,
  manifest: Manifest,
  store: SignerSettings,
): Promise<string | undefined> {
  const held = manifest.keyStores.find(({ purpose }) => purpose === store.purpose);
  if (store.kind !== "encrypted-file" || held?.file === undefined) return undefined;
  if (existsSync(store.file)) return `${store.file} is there already and is kept as it is`;
  mkdirSync(dirname(store.file), { recursive: true, mode: 0o700 });
  await replaceFile(store.file, readFileSync(join(backup, held.file.path)));
  return undefined;
}

/** What the key stores have, beside what the database knows. */
export interface KeysFound {
  readonly operational: Signer;
  /** Labels of keys that no row refers to: of a ceremony after the back-up, or of one that was abandoned. */
  readonly unknown: readonly string[];
  /** The highest number of an Issuing DCA in the database or by the label of a key. */
  readonly highestIssuingDca: number;
  /** The same of CAs that took the place of a revoked one; the first of a kind has no number. */
  readonly highestReplacement: number;
  /** What could not be looked at. */
  readonly notReached: readonly string[];
}

/**
 * Opens the operational keys, and compares both stores with the database.
 *
 * @throws SmkiError RESTORE_KEYS_MISSING and what keeps the operational store from being opened
 */
export async function openRestoredKeys(
  database: Database,
  stores: { readonly operational: SignerSettings; readonly ceremony: SignerSettings },
  others: readonly string[],
): Promise<KeysFound> {
  const authorities = await database.read((tx) => listAuthorities(tx));
  const labelsIn = (store: "operational" | "ceremony") =>
    authorities.filter(({ profile }) => keyStoreOf(profile) === store).map(({ keyLabel }) => keyLabel);
  const operational = await openSigner(stores.operational);
  try {
    const labels = await operational.listLabels();
    requireAll(labelsIn("operational"), labels, "operational");
    const ceremony = await ceremonyLabels(stores.ceremony);
    if (typeof ceremony !== "string") requireAll(labelsIn("ceremony"), ceremony, "ceremony");
    const known = new Set([...authorities.map(({ keyLabel }) => keyLabel), ...others]);
    const found = [...labels, ...(typeof ceremony === "string" ? [] : ceremony)];
    const ids = [...authorities.map(({ id }) => id), ...found];
    return {
      operational,
      unknown: [...new Set(found.filter((label) => !known.has(label)))],
      highestIssuingDca: highestNumber(ids, ["issuing-dca"]),
      highestReplacement: highestNumber(ids, crlProfiles),
      notReached: typeof ceremony === "string" ? [`the ceremony key store (${ceremony})`] : [],
    };
  } catch (error) {
    await operational.close();
    throw error;
  }
}

/** The highest number in identifiers `PROFILE/NUMBER` of these profiles; 0 where none has one. */
function highestNumber(ids: readonly string[], profiles: readonly string[]): number {
  const parts = ids.map((id) => /^([^/]+)\/(\d+)$/.exec(id));
  return Math.max(0, ...parts.map((part) => (profiles.includes(part?.[1] ?? "") ? Number(part?.[2]) : 0)));
}

/** The labels of the ceremony store, or why it cannot be read: it may be locked away. */
async function ceremonyLabels(store: SignerSettings): Promise<readonly string[] | string> {
  try {
    const signer = await openSigner(store);
    try {
      return await signer.listLabels();
    } finally {
      await signer.close();
    }
  } catch (error) {
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

function requireAll(needed: readonly string[], labels: readonly string[], store: string): void {
  const missing = needed.filter((label) => !labels.includes(label));
  if (missing.length > 0)
    throw new SmkiError("RESTORE_KEYS_MISSING", {
      store,
      missing: missing.length,
      first: missing[0] ?? "",
    });
}
