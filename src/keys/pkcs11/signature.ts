import { hash } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import type { KeyAlgorithm } from "../signer.ts";
import { CKM } from "./cryptoki.ts";

/** How one algorithm is asked of a token. */
export interface SigningScheme {
  readonly mechanism: number;
  /** What the token is given: the message is hashed here, so that a long one need not cross a bus or a network. */
  readonly input: (message: Uint8Array) => Buffer;
  /** The signature as certificates carry it; always octets of its own, never a view of the scratch it came in. */
  readonly output: (raw: Buffer) => Buffer;
}

/** DigestInfo of SHA-256 up to the digest (RFC 8017 section 9.2, note 1). */
const SHA256_DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

const sha256 = (message: Uint8Array): Buffer => hash("sha256", message, "buffer");

const schemes: Readonly<Record<Exclude<KeyAlgorithm, "ecdh-p256">, SigningScheme>> = {
  "ecdsa-p256-sha256": { mechanism: CKM.ECDSA, input: sha256, output: ecdsaSignatureDer },
  "rsa-2048-sha256": {
    mechanism: CKM.RSA_PKCS,
    input: (message) => Buffer.concat([SHA256_DIGEST_INFO, sha256(message)]),
    output: (raw) => Buffer.from(raw),
  },
  ed25519: {
    mechanism: CKM.EDDSA,
    input: (message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength),
    output: (raw) => Buffer.from(raw),
  },
};

/** @throws SmkiError KEY_NOT_FOR_SIGNING */
export function signingScheme(algorithm: KeyAlgorithm, label: string): SigningScheme {
  if (algorithm === "ecdh-p256") throw new SmkiError("KEY_NOT_FOR_SIGNING", { label });
  return schemes[algorithm];
}

/**
 * Ecdsa-Sig-Value (RFC 3279 section 2.2.3) from the two equal halves that CKM_ECDSA answers.
 *
 * @param raw - r and s, each big-endian in 32 octets: shorter or longer halves are no signature of P-256, even where
 *   the numbers would fit (IEEE 1363; PKCS #11 2.3.1)
 * @throws SmkiError KEY_TOKEN_FAILED
 */
export function ecdsaSignatureDer(raw: Buffer): Buffer {
  if (raw.length !== 64) throw new SmkiError("KEY_TOKEN_FAILED", { signatureOctets: raw.length });
  const half = raw.length / 2;
  const rStart = firstSignificant(raw, 0, half);
  const sStart = firstSignificant(raw, half, raw.length);
  const rPad = padOf(raw, rStart);
  const sPad = padOf(raw, sStart);
  const rLength = half - rStart + rPad;
  const sLength = raw.length - sStart + sPad;
  // Filled with zeros, which are the padding octets.
  const der = Buffer.alloc(6 + rLength + sLength);
  der[0] = 0x30;
  der[1] = 4 + rLength + sLength;
  der[2] = 0x02;
  der[3] = rLength;
  raw.copy(der, 4 + rPad, rStart, half);
  der[4 + rLength] = 0x02;
  der[5 + rLength] = sLength;
  raw.copy(der, 6 + rLength + sPad, sStart);
  return der;
}

/** Minimal DER: leading zero octets go, but one octet stays (X.690 section 8.3.2). */
function firstSignificant(octets: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end - 1 && octets[at] === 0) at += 1;
  return at;
}

/** An INTEGER is signed, so a high first bit needs a zero octet before it. */
function padOf(octets: Buffer, at: number): 0 | 1 {
  return (octets[at] ?? 0) >= 0x80 ? 1 : 0;
}
