import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import Value from "typebox/value";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";

/** The form that this release writes, and the newest that it reads. */
export const manifestVersion = 1;
export const manifestName = "manifest.json";

/** More than any manifest has, in octets. */
const longestManifest = 16 * 1024 * 1024;

const digest = Type.String({ pattern: "^[0-9a-f]{64}$" });
const count = Type.Integer({ minimum: 0 });
/** A path inside the back-up: no way leads out of it. */
const pathInside = Type.String({
  pattern: "^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[^\\u0000-\\u001f\\\\]{1,400}$",
});

const storedFile = Type.Object({ path: pathInside, octets: count, sha256: digest });

const storedTable = Type.Object({
  name: Type.String(),
  columns: Type.Array(Type.String()),
  rows: count,
  file: storedFile,
});

const storedKey = Type.Object({ label: Type.String(), algorithm: Type.String(), publicKey: Type.String() });

const keyStore = Type.Object({
  purpose: Type.Union([Type.Literal("operational"), Type.Literal("ceremony")]),
  kind: Type.Union([Type.Literal("encrypted-file"), Type.Literal("pkcs11")]),
  /** Of an encrypted file: the file as it is. */
  file: Type.Optional(storedFile),
  /** Of a token: what it held. The keys themselves never leave it. */
  keys: Type.Optional(Type.Array(storedKey)),
  /** Why the store was not read. */
  notReached: Type.Optional(Type.String()),
});

const manifestSchema = Type.Object({
  format: Type.Literal("opensmki-backup"),
  version: Type.Integer({ minimum: 1 }),
  /** The moment that the back-up shows: that of the database's snapshot. */
  takenAt: Type.String(),
  software: Type.String(),
  environment: Type.Union([Type.Literal("test"), Type.Literal("live")]),
  edition: Type.String(),
  estate: Type.Optional(Type.String()),
  server: Type.String(),
  migrations: Type.Array(Type.Object({ number: count, name: Type.String(), sha256: digest })),
  ledger: Type.Object({
    /** The verifier key under which it is signed (C2SP signed-note). */
    verifierKey: Type.String(),
    size: count,
    root: digest,
    /** The last checkpoint in the signer's own store, read before the snapshot. */
    checkpoint: Type.String(),
    /** When the last act with a leaf was recorded. */
    lastActAt: Type.Optional(Type.String()),
    /** Acts in the snapshot that had no leaf yet. */
    open: count,
  }),
  tables: Type.Array(storedTable),
  identities: Type.Array(Type.Object({ table: Type.String(), column: Type.String(), last: count })),
  keyStores: Type.Array(keyStore),
  /** By their place under the data folder. */
  files: Type.Array(storedFile),
  /** Whether the settings file lay in the data folder; absent where there was none. */
  settingsFile: Type.Optional(Type.Union([Type.Literal("in-data-folder"), Type.Literal("elsewhere")])),
  /** What a person must keep elsewhere, in sentences. */
  notHeld: Type.Array(Type.String()),
});

/** What a back-up says that it holds. */
export type Manifest = Static<typeof manifestSchema>;
/** A file of the back-up. */
export type StoredFile = Static<typeof storedFile>;
/** A table of the back-up. */
export type StoredTable = Static<typeof storedTable>;
/** What the back-up says of a key store. */
export type StoredKeyStore = Static<typeof keyStore>;

/** A manifest with the digest of its own octets, by which acts name the back-up. */
export interface ReadManifest {
  readonly manifest: Manifest;
  readonly sha256: string;
}

/**
 * Reads the manifest of a back-up. It is written last of all, so that what has one is whole.
 *
 * @throws SmkiError BACKUP_UNREADABLE, BACKUP_NEWER
 */
export function readManifest(folder: string): ReadManifest {
  const octets = readOctets(folder);
  let value: unknown;
  try {
    value = JSON.parse(octets.toString("utf8"));
  } catch (cause) {
    throw new SmkiError("BACKUP_UNREADABLE", { folder, reason: "the manifest is not JSON" }, { cause });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > manifestVersion)
    throw new SmkiError("BACKUP_NEWER", { folder, version });
  if (!Value.Check(manifestSchema, value))
    throw new SmkiError("BACKUP_UNREADABLE", { folder, reason: "the manifest has another form" });
  return { manifest: value, sha256: hash("sha256", octets, "hex") };
}

function readOctets(folder: string): Buffer {
  try {
    const octets = readFileSync(join(folder, manifestName));
    if (octets.length <= longestManifest) return octets;
    throw new SmkiError("BACKUP_UNREADABLE", { folder, reason: "the manifest is too large" });
  } catch (cause) {
    if (isSmkiError(cause)) throw cause;
    throw new SmkiError("BACKUP_UNREADABLE", { folder, reason: "there is no manifest" }, { cause });
  }
}
