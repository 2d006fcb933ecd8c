/**
 * What a key is for and how it signs. ECDSA signatures are DER; RSA is PKCS #1 v1.5; Ed25519 is 64 octets.
 * `ecdh-p256` is for key agreement and never signs.
 */
export type KeyAlgorithm = "ecdsa-p256-sha256" | "rsa-2048-sha256" | "ed25519" | "ecdh-p256";

/** The public side of a key held by a signer. */
export interface KeyInfo {
  /** Unique within its store, for example `issuing-dca/0007`. */
  readonly label: string;
  readonly algorithm: KeyAlgorithm;
  /** DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
  readonly publicKey: Buffer;
}

/**
 * Where private keys live. Two implementations: a PKCS#11 module and an encrypted file.
 * A private key never leaves it; the interface has no way to ask for one.
 */
export interface Signer {
  readonly kind: "pkcs11" | "encrypted-file";
  /** For logs and records, for example `PKCS#11 token smki-operational (SoftHSM v2)`. Holds no secret. */
  readonly description: string;
  listKeys(): Promise<readonly KeyInfo[]>;
  /**
   * Every label that the store has something of: keys, secrets, and halves of pairs that a crash left on a token,
   * which {@link listKeys} does not have. Whoever clears a store destroys each of these.
   */
  listLabels(): Promise<readonly string[]>;
  /** @throws SmkiError KEY_NOT_FOUND */
  findKey(label: string): Promise<KeyInfo>;
  /** Makes a key pair inside the store; durable before it returns. @throws SmkiError KEY_LABEL_TAKEN */
  generateKey(label: string, algorithm: KeyAlgorithm): Promise<KeyInfo>;
  /** @throws SmkiError KEY_NOT_FOUND, KEY_NOT_FOR_SIGNING, KEY_STORE_UNAVAILABLE */
  sign(label: string, message: Uint8Array): Promise<Buffer>;
  /** Signs each message; the answers are in the order of the messages. Either all are answered or it fails. */
  signMany(label: string, messages: readonly Uint8Array[]): Promise<Buffer[]>;
  /** Removes a key or secret for ever. */
  destroyKey(label: string): Promise<void>;
  /** Makes a symmetric secret of that many octets inside the store (the Contingency Symmetric Key). */
  generateSecret(label: string, octets: number): Promise<void>;
  /** Reads a symmetric secret out; only ceremonies do. @throws SmkiError KEY_NOT_FOUND */
  readSecret(label: string): Promise<Buffer>;
  close(): Promise<void>;
}
