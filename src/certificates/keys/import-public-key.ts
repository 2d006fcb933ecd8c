import { createPublicKey, type KeyObject } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { asBuffer } from "../der/index.ts";
import { decodePublicPoint } from "./public-point.ts";
import { decodePublicKeyInfo, encodeP256PublicKey } from "./subject-public-key-info.ts";

/**
 * Makes a checked public key ready to verify with.
 *
 * DER SubjectPublicKeyInfo is the fastest way into node:crypto that was measured: 13.7 µs, against 14.3 µs for the
 * raw point and 20.0 µs for JWK, on one core.
 *
 * @param publicKey - an uncompressed P-256 point (65 octets), or a DER SubjectPublicKeyInfo
 * @throws SmkiError PUBLIC_KEY_POINT_INVALID, PUBLIC_KEY_ALGORITHM_UNSUPPORTED, PUBLIC_KEY_RSA_INVALID,
 *   PUBLIC_KEY_IMPORT_FAILED, or with a `DER_` code
 */
export function importPublicKey(publicKey: Uint8Array): KeyObject {
  const bytes = asBuffer(publicKey);
  const isPoint = bytes.length === 65 && bytes[0] === 0x04;
  if (isPoint) decodePublicPoint(bytes);
  else decodePublicKeyInfo(bytes);
  try {
    return createPublicKey({
      key: isPoint ? encodeP256PublicKey(bytes) : bytes,
      format: "der",
      type: "spki",
    });
  } catch (cause) {
    throw new SmkiError("PUBLIC_KEY_IMPORT_FAILED", {}, { cause });
  }
}
