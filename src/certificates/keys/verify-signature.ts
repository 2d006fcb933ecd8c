import { type KeyObject, verify } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { nullValue, objectIdentifier, readDer, readIntegerOctets, sequence, Tag } from "../der/index.ts";
import type { AlgorithmIdentifier } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";

/** The two signature algorithms of the SMKI: the first for Devices and Organisations, the second for the IKI. */
export type SignatureAlgorithm = "ecdsa-with-SHA256" | "sha256WithRSAEncryption";

/** AlgorithmIdentifier of ecdsa-with-SHA256: parameters absent (RFC 5758 3.2). */
export const ecdsaWithSha256: Buffer = sequence(objectIdentifier(Oids.ecdsaWithSha256));

/** AlgorithmIdentifier of sha256WithRSAEncryption: parameters NULL (RFC 4055 5). */
export const sha256WithRsaEncryption: Buffer = sequence(
  objectIdentifier(Oids.sha256WithRsaEncryption),
  nullValue,
);

/**
 * The algorithm that an AlgorithmIdentifier names, by its identifier alone: parameters that ought not to be there
 * are for lint to find, and do not alter what was signed.
 *
 * @throws SmkiError SIGNATURE_ALGORITHM_UNSUPPORTED
 */
export function signatureAlgorithmOf(identifier: AlgorithmIdentifier): SignatureAlgorithm {
  if (identifier.algorithm === Oids.ecdsaWithSha256) return "ecdsa-with-SHA256";
  if (identifier.algorithm === Oids.sha256WithRsaEncryption) return "sha256WithRSAEncryption";
  throw new SmkiError("SIGNATURE_ALGORITHM_UNSUPPORTED", { algorithm: identifier.algorithm });
}

/**
 * Verifies one signature.
 *
 * An ECDSA signature must be a DER ECDSA-Sig-Value (RFC 3279 2.2.3) with minimal, positive integers. Two published
 * certificates of the DCC's test set have superfluous leading zero octets: arithmetic would accept them, strict
 * verifiers do not, and neither does this, so that one signature has one encoding.
 *
 * @param algorithm - must fit the key
 * @param publicKey - from `importPublicKey`
 * @param message - the octets that were signed
 * @param signature - the octets of the signature BIT STRING
 * @returns whether the key made the signature over the message
 * @throws SmkiError SIGNATURE_ENCODING_INVALID when an ECDSA signature is not strict DER,
 *   SIGNATURE_KEY_MISMATCH when the key is of another kind than the algorithm
 */
export function verifySignature(
  algorithm: SignatureAlgorithm,
  publicKey: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const kind = algorithm === "ecdsa-with-SHA256" ? "ec" : "rsa";
  if (publicKey.asymmetricKeyType !== kind) throw new SmkiError("SIGNATURE_KEY_MISMATCH", { algorithm });
  if (kind === "ec") checkEcdsaEncoding(signature);
  return verify("sha256", message, publicKey, signature);
}

/** Order of P-256's base point (SP 800-186 3.2.1.3); r and s are from 1 to below it (FIPS 186-5 6.4.2). */
const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");

/**
 * Checks that an ECDSA-Sig-Value for P-256 is DER with minimal integers in range.
 *
 * @throws SmkiError SIGNATURE_ENCODING_INVALID
 */
export function checkEcdsaEncoding(signature: Uint8Array): void {
  if (isEcdsaEncoding(signature)) return;
  // It is not: read it again, slowly, for the reason.
  try {
    readDer(signature, (reader) => {
      reader.sequence((inner) => {
        checkScalar(readIntegerOctets(inner));
        checkScalar(readIntegerOctets(inner));
      });
    });
  } catch (cause) {
    const why = cause instanceof SmkiError ? cause.code : "unknown";
    throw new SmkiError("SIGNATURE_ENCODING_INVALID", { why }, { cause });
  }
}

function checkScalar(octets: Buffer): void {
  const first = octets[0] ?? 0x80;
  const magnitude = first === 0 ? octets.subarray(1) : octets;
  const tooLarge =
    magnitude.length > order.length ||
    (magnitude.length === order.length && Buffer.compare(magnitude, order) >= 0);
  if (first >= 0x80 || magnitude.length === 0 || tooLarge) throw new SmkiError("DER_INTEGER_OUT_OF_RANGE");
}

/** The same at a glance. Two scalars of 32 octets never need the long form of a length. */
function isEcdsaEncoding(signature: Uint8Array): boolean {
  if (signature[0] !== Tag.sequence || signature[1] !== signature.length - 2 || signature.length >= 0x80)
    return false;
  const second = endOfScalar(signature, 2);
  return second > 0 && endOfScalar(signature, second) === signature.length;
}

/** Where a minimal INTEGER from 1 to below the order ends; 0 when there is none such. */
function endOfScalar(signature: Uint8Array, at: number): number {
  const length = signature[at + 1] ?? 0;
  const first = signature[at + 2] ?? 0x80;
  const end = at + 2 + length;
  if (signature[at] !== Tag.integer || length === 0 || end > signature.length || first >= 0x80) return 0;
  if (first === 0) {
    // Needed for the sign, and so only before a set bit; a lone zero is no scalar.
    return length <= 33 &&
      length > 1 &&
      (signature[at + 3] ?? 0) >= 0x80 &&
      (length < 33 || isBelowOrder(signature, at + 3))
      ? end
      : 0;
  }
  return length <= 32 ? end : 0;
}

/** 32 octets against the order; nearly always the first four decide. */
function isBelowOrder(signature: Uint8Array, at: number): boolean {
  for (let index = 0; index < 32; index += 1) {
    const difference = (signature[at + index] ?? 0) - (order[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
