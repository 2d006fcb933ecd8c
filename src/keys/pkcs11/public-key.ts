import { createPublicKey } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";

const P256_POINT_OCTETS = 65;
const ED25519_POINT_OCTETS = 32;
/** DER of SubjectPublicKeyInfo up to the point: RFC 5480 section 2.1.1 (P-256) and RFC 8410 section 4 (Ed25519). */
const P256_PREFIX = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * DER SubjectPublicKeyInfo of a P-256 key.
 *
 * @param point - CKA_EC_POINT: a DER OCTET STRING, or the bare point, as some tokens have it
 * @throws SmkiError KEY_ALGORITHM_UNSUPPORTED for a point of another curve, a compressed one, or one off the curve
 */
export function p256PublicKey(point: Buffer): Buffer {
  return checked(Buffer.concat([P256_PREFIX, barePoint(point, P256_POINT_OCTETS)]));
}

/** As {@link p256PublicKey}, of an Ed25519 key. */
export function ed25519PublicKey(point: Buffer): Buffer {
  return checked(Buffer.concat([ED25519_PREFIX, barePoint(point, ED25519_POINT_OCTETS)]));
}

/** DER SubjectPublicKeyInfo of an RSA key, from big-endian octets. */
export function rsaPublicKey(modulus: Buffer, exponent: Buffer): Buffer {
  const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") };
  return createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
}

function barePoint(point: Buffer, octets: number): Buffer {
  if (point.length === octets) return point;
  const isWrapped = point.length === octets + 2 && point[0] === 0x04 && point[1] === octets;
  if (!isWrapped)
    throw new SmkiError("KEY_ALGORITHM_UNSUPPORTED", { reason: "public point", octets: point.length });
  return point.subarray(2);
}

function checked(publicKey: Buffer): Buffer {
  try {
    return createPublicKey({ key: publicKey, format: "der", type: "spki" }).export({
      format: "der",
      type: "spki",
    });
  } catch (error) {
    throw new SmkiError("KEY_ALGORITHM_UNSUPPORTED", { reason: "point not on the curve" }, { cause: error });
  }
}
