import { createCipheriv, createDecipheriv, createPublicKey } from "node:crypto";
import { SmkiError } from "../errors/smki-error.ts";

/** AES key wrap with padding (RFC 5649), named by the AES key length in bits. */
export type KeyWrapAlgorithm = "aes128-wrap-pad" | "aes192-wrap-pad" | "aes256-wrap-pad";

interface KeyWrapParameters {
  /** RFC 5649 section 4 and NIST's Computer Security Objects Register, arc aes. */
  readonly oid: string;
  readonly keyOctets: number;
  /** OpenSSL's name. */
  readonly cipher: string;
}

/** What RFC 5649 defines. Which one an extension names is a setting: RFC 5934 leaves wrapAlgorithm open. */
export const keyWrapAlgorithms: Readonly<Record<KeyWrapAlgorithm, KeyWrapParameters>> = {
  "aes128-wrap-pad": { oid: "2.16.840.1.101.3.4.1.8", keyOctets: 16, cipher: "id-aes128-wrap-pad" },
  "aes192-wrap-pad": { oid: "2.16.840.1.101.3.4.1.28", keyOctets: 24, cipher: "id-aes192-wrap-pad" },
  "aes256-wrap-pad": { oid: "2.16.840.1.101.3.4.1.48", keyOctets: 32, cipher: "id-aes256-wrap-pad" },
};

/** The alternative initial value of RFC 5649 section 3; OpenSSL appends the length itself. */
const INITIAL_VALUE = Buffer.from("A65959A6", "hex");

/**
 * The algorithm whose key has that many octets.
 *
 * @throws SmkiError KEY_WRAP_KEY_INVALID
 */
export function keyWrapAlgorithmFor(octets: number): KeyWrapAlgorithm {
  if (octets === 16) return "aes128-wrap-pad";
  if (octets === 24) return "aes192-wrap-pad";
  if (octets === 32) return "aes256-wrap-pad";
  throw new SmkiError("KEY_WRAP_KEY_INVALID", { octets });
}

/**
 * Wraps the Contingency public key for the WrappedApexContingencyKey extension of the Root OCA Certificate
 * (RFC 5934 section 4.1, wrappedContinPubKey).
 *
 * @param symmetricKey - the Contingency Symmetric Key
 * @param publicKey - DER SubjectPublicKeyInfo of a P-256 key
 * @param algorithm - by default the one that the key's length chooses
 * @throws SmkiError KEY_WRAP_KEY_INVALID, KEY_WRAP_CONTENT_INVALID
 */
export function wrapContingencyPublicKey(
  symmetricKey: Uint8Array,
  publicKey: Uint8Array,
  algorithm: KeyWrapAlgorithm = keyWrapAlgorithmFor(symmetricKey.length),
): Buffer {
  requireKeyLength(symmetricKey, algorithm);
  requireP256(publicKey);
  return wrapPadded(symmetricKey, publicKey, algorithm);
}

/**
 * Opens what {@link wrapContingencyPublicKey} made, as a Device does when the Contingency command discloses the key.
 *
 * @returns DER SubjectPublicKeyInfo
 * @throws SmkiError KEY_WRAP_KEY_INVALID, KEY_UNWRAP_FAILED, KEY_WRAP_CONTENT_INVALID
 */
export function unwrapContingencyPublicKey(
  symmetricKey: Uint8Array,
  wrapped: Uint8Array,
  algorithm: KeyWrapAlgorithm = keyWrapAlgorithmFor(symmetricKey.length),
): Buffer {
  requireKeyLength(symmetricKey, algorithm);
  const publicKey = unwrapPadded(symmetricKey, wrapped, algorithm);
  requireP256(publicKey);
  return publicKey;
}

/** RFC 5649 section 4.1, of any 1 to 2^32 - 1 octets. */
export function wrapPadded(key: Uint8Array, content: Uint8Array, algorithm: KeyWrapAlgorithm): Buffer {
  const cipher = createCipheriv(keyWrapAlgorithms[algorithm].cipher, key, INITIAL_VALUE);
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

/**
 * RFC 5649 section 4.2: the check value, the length and the zero padding are all verified.
 *
 * @throws SmkiError KEY_UNWRAP_FAILED
 */
export function unwrapPadded(key: Uint8Array, wrapped: Uint8Array, algorithm: KeyWrapAlgorithm): Buffer {
  try {
    const decipher = createDecipheriv(keyWrapAlgorithms[algorithm].cipher, key, INITIAL_VALUE);
    const content = Buffer.concat([decipher.update(wrapped), decipher.final()]);
    // RFC 5649 wraps at least one octet; OpenSSL answers an empty input with an empty output.
    if (content.length === 0) throw new SmkiError("KEY_UNWRAP_FAILED");
    return content;
  } catch (error) {
    throw error instanceof SmkiError ? error : new SmkiError("KEY_UNWRAP_FAILED", {}, { cause: error });
  }
}

function requireKeyLength(key: Uint8Array, algorithm: KeyWrapAlgorithm): void {
  if (key.length !== keyWrapAlgorithms[algorithm].keyOctets)
    throw new SmkiError("KEY_WRAP_KEY_INVALID", { octets: key.length, algorithm });
}

/** The exact DER: a trailing octet or an explicit curve would come out of the Device's unwrapping unchanged. */
function requireP256(publicKey: Uint8Array): void {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    const isP256 = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
    if (isP256 && key.export({ format: "der", type: "spki" }).equals(publicKey)) return;
  } catch (error) {
    throw new SmkiError("KEY_WRAP_CONTENT_INVALID", {}, { cause: error });
  }
  throw new SmkiError("KEY_WRAP_CONTENT_INVALID");
}
