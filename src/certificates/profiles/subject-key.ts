import { SmkiError } from "../../errors/smki-error.ts";
import { asBuffer, readDer } from "../der/index.ts";
import { decodePublicKey, decodePublicPoint, encodeP256PublicKey } from "../keys/index.ts";
import { readSubjectPublicKeyInfo } from "../syntax/index.ts";
import { type KeyIdentifier, rsaSubjectKeyIdentifier, subjectKeyIdentifier } from "../vocabulary/index.ts";
import type { ProfileRule } from "./profile-rules.ts";

/** RSA keys of the IKI have 2048 bits (SEC Appendix M, Appendix G), and the exponent that everything makes. */
const rsaModulusBits = 2048;
const rsaExponent = 65537;

/** Writes the SubjectPublicKeyInfo of a checked key of the kind that the profile has. */
export function encodeKey(publicKey: Uint8Array, rule: ProfileRule): Buffer {
  if (rule.signatureAlgorithm === "ecdsa-with-SHA256")
    return encodeP256PublicKey(decodePublicPoint(publicKey));
  const key = decodePublicKey(readDer(publicKey, readSubjectPublicKeyInfo));
  if (key.kind !== "rsa" || key.modulusBits !== rsaModulusBits || key.exponent !== rsaExponent) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "publicKey" });
  }
  return asBuffer(publicKey);
}

/** The subject key identifier: method (2) for P-256, method (1) for RSA (RFC 5280 4.2.1.2). */
export function identifierOf(publicKey: Uint8Array, rule: ProfileRule): KeyIdentifier {
  return rule.signatureAlgorithm === "ecdsa-with-SHA256"
    ? subjectKeyIdentifier(publicKey)
    : rsaSubjectKeyIdentifier(readDer(publicKey, readSubjectPublicKeyInfo).publicKey);
}
