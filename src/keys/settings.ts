/** A store is live or test for ever; keys are never shared between the two. */
export type KeyEnvironment = "test" | "live";

/** Root keys live in the ceremony store, which only a ceremony opens; workers open the operational one. */
export type KeyPurpose = "operational" | "ceremony";

/** Who a store is for. Written into every store when it is created and compared whenever it is opened. */
export interface StoreIdentity {
  readonly environment: KeyEnvironment;
  readonly purpose: KeyPurpose;
  /**
   * The estate whose keys these are, in the characters of a label. In settings, absent means that it is not compared,
   * as in a restore that does not know it yet; in a store, that it serves no estate.
   */
  readonly estate?: string;
}

export interface EncryptedFileSettings extends StoreIdentity {
  readonly kind: "encrypted-file";
  /** The store file; its folder must be writable, since every write replaces the file. */
  readonly file: string;
  /** A file, or `credential:NAME` for a systemd credential. */
  readonly passphraseFile: string;
}

export interface Pkcs11Settings extends StoreIdentity {
  readonly kind: "pkcs11";
  /** Absolute path of the module's shared library. */
  readonly module: string;
  readonly tokenLabel: string;
  /** Needed only when several tokens have one label. */
  readonly tokenSerial?: string;
  /** A file, or `credential:NAME` for a systemd credential. */
  readonly pinFile: string;
  /**
   * How a batch is signed. `blocking` calls the module from the JavaScript thread (fastest for a module in this
   * process, such as SoftHSM2); `pooled` keeps several sessions busy on the thread pool (for a token behind a bus
   * or a network). `measured`, the default, times the first signature of each batch and decides.
   */
  readonly signing?: SigningMode;
}

export type SigningMode = "measured" | "blocking" | "pooled";

export type SignerSettings = EncryptedFileSettings | Pkcs11Settings;
