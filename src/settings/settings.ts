import type { PlainSettings } from "./schema.ts";

interface KeyStoreIdentity {
  readonly environment: "test" | "live";
  readonly purpose: "operational" | "ceremony";
}

/** An encrypted file, for development. */
export interface EncryptedFileStore extends KeyStoreIdentity {
  readonly kind: "encrypted-file";
  readonly file: string;
  /** A path, or `credential:NAME`. */
  readonly passphraseFile: string;
}

/** A token behind a PKCS#11 module. */
export interface Pkcs11Store extends KeyStoreIdentity {
  readonly kind: "pkcs11";
  readonly module: string;
  readonly tokenLabel: string;
  readonly tokenSerial?: string;
  /** A path, or `credential:NAME`. */
  readonly pinFile: string;
  readonly signing?: "measured" | "blocking" | "pooled";
}

/** Where keys live; what `src/keys` opens a signer with. */
export type KeyStore = EncryptedFileStore | Pkcs11Store;

type DeepReadonly<Value> = Value extends object
  ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
  : Value;

/** The one configuration, checked and complete; frozen. Paths are absolute. */
export type Settings = DeepReadonly<Omit<PlainSettings, "keys" | "workers">> & {
  readonly keys: { readonly operational: KeyStore; readonly ceremony: KeyStore };
  readonly workers: { readonly count: number };
};
