import { hash } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";

declare const keyIdentifierBrand: unique symbol;

/** A key identifier in lower-case hexadecimal: 8 octets for P-256 keys, 20 for the RSA keys of the IKI. */
export type KeyIdentifier = string & { readonly [keyIdentifierBrand]: true };

/** Checks a key identifier of 8 or 20 octets in hexadecimal of either case. @throws SmkiError KEY_IDENTIFIER_INVALID */
export function keyIdentifier(hexadecimal: string): KeyIdentifier {
  if (!/^(?:[0-9a-f]{16}|[0-9a-f]{40})$/i.test(hexadecimal)) {
    throw new SmkiError("KEY_IDENTIFIER_INVALID", { value: hexadecimal.slice(0, 80) });
  }
  return hexadecimal.toLowerCase() as KeyIdentifier;
}

/**
 * The identifier of a P-256 key: 0100 and the low 60 bits of the SHA-1 of the public key, 8 octets
 * (RFC 5280 4.2.1.2 method 2, which GBCS 12 prescribes). SHA-1 serves as a name here, not for security.
 *
 * @param publicKey - the octets of the subjectPublicKey BIT STRING: the uncompressed point
 */
export function subjectKeyIdentifier(publicKey: Uint8Array): KeyIdentifier {
  return `4${hash("sha1", publicKey, "hex").slice(-15)}` as KeyIdentifier;
}

/**
 * The identifier of an RSA key of the IKI: the SHA-1 of the public key, 20 octets (RFC 5280 4.2.1.2 method 1).
 *
 * @param publicKey - the octets of the subjectPublicKey BIT STRING: an RSAPublicKey
 */
export function rsaSubjectKeyIdentifier(publicKey: Uint8Array): KeyIdentifier {
  return hash("sha1", publicKey, "hex") as KeyIdentifier;
}
