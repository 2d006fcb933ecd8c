import { SmkiError } from "../../errors/smki-error.ts";
import {
  bitString,
  nullValue,
  objectIdentifier,
  readDer,
  readIntegerOctets,
  readSmallInteger,
  sequence,
} from "../der/index.ts";
import { readSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { decodePublicPoint } from "./public-point.ts";

/** AlgorithmIdentifier of a P-256 key: id-ecPublicKey with the named curve (RFC 5480 2.1.1). */
export const p256KeyAlgorithm: Buffer = sequence(
  objectIdentifier(Oids.ecPublicKey),
  objectIdentifier(Oids.prime256v1),
);

/** AlgorithmIdentifier of an RSA key: rsaEncryption with NULL (RFC 3279 2.3.1). */
export const rsaKeyAlgorithm: Buffer = sequence(objectIdentifier(Oids.rsaEncryption), nullValue);

/** Everything of a P-256 SubjectPublicKeyInfo before the point: it is the same in every one. */
const p256Prefix = sequence(p256KeyAlgorithm, bitString(Buffer.alloc(65))).subarray(0, -65);

/** Writes the SubjectPublicKeyInfo of an uncompressed P-256 point; the point itself is not checked. */
export function encodeP256PublicKey(point: Uint8Array): Buffer {
  return Buffer.concat([p256Prefix, point]);
}

/** Which kinds of key the SMKI has, with what identifies one. */
export type PublicKey =
  | { readonly kind: "p256"; readonly point: Buffer }
  | { readonly kind: "rsa"; readonly modulusBits: number; readonly exponent: number };

/**
 * Says what a SubjectPublicKeyInfo holds, having checked it: a P-256 point on the curve, or an RSA key.
 *
 * @throws SmkiError PUBLIC_KEY_ALGORITHM_UNSUPPORTED, PUBLIC_KEY_POINT_INVALID, PUBLIC_KEY_RSA_INVALID
 */
export function decodePublicKey(info: SubjectPublicKeyInfo): PublicKey {
  if (info.algorithm.der.equals(p256KeyAlgorithm)) {
    return { kind: "p256", point: decodePublicPoint(info.publicKey) };
  }
  if (info.algorithm.der.equals(rsaKeyAlgorithm)) return decodeRsaPublicKey(info.publicKey);
  throw new SmkiError("PUBLIC_KEY_ALGORITHM_UNSUPPORTED", { algorithm: info.algorithm.algorithm });
}

/** {@link decodePublicKey} from the encoded SubjectPublicKeyInfo. */
export function decodePublicKeyInfo(der: Uint8Array): PublicKey {
  return decodePublicKey(readDer(der, readSubjectPublicKeyInfo));
}

/** RSAPublicKey (RFC 8017 A.1.1): a positive odd modulus and an odd exponent of at least 3. */
function decodeRsaPublicKey(publicKey: Buffer): PublicKey {
  return readDer(publicKey, (reader) =>
    reader.sequence((inner) => {
      const modulus = readIntegerOctets(inner);
      const exponent = readSmallInteger(inner);
      const first = modulus[0] ?? 0x80;
      const last = modulus[modulus.length - 1] ?? 0;
      if (first >= 0x80 || (last & 1) === 0 || exponent < 3 || exponent % 2 === 0) {
        throw new SmkiError("PUBLIC_KEY_RSA_INVALID");
      }
      const modulusBits = 8 * modulus.length - Math.clz32(first) + 24;
      return { kind: "rsa", modulusBits, exponent };
    }),
  );
}
