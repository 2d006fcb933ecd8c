import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import {
  decodePublicKey,
  decodePublicPoint,
  ecdsaWithSha256,
  p256KeyAlgorithm,
  rsaKeyAlgorithm,
  sha256WithRsaEncryption,
} from "../keys/index.ts";
import { Oids } from "../vocabulary/index.ts";
import type { CertificationRequest } from "./certification-request.ts";

/** What SEC Appendix M Appendix G asks of the RSA key of an IKI CSR, with the exponent that everything makes. */
const rsaModulusBits = 2048;
const rsaExponent = 65_537;

/**
 * Reads the P-256 key of a Device or Organisation CSR, and sees that it is signed the way such a key signs.
 *
 * @returns the uncompressed point, 65 octets, on the curve
 * @throws SmkiError CSR_KEY_ALGORITHM_UNSUPPORTED, CSR_CURVE_UNSUPPORTED, CSR_POINT_COMPRESSED, CSR_POINT_OFF_CURVE,
 * CSR_SIGNATURE_ALGORITHM_UNSUPPORTED
 */
export function readPointKey(request: CertificationRequest): Buffer {
  const { algorithm, publicKey } = request.subjectPublicKeyInfo;
  if (algorithm.algorithm !== Oids.ecPublicKey) {
    throw new SmkiError("CSR_KEY_ALGORITHM_UNSUPPORTED", { algorithm: algorithm.algorithm });
  }
  if (!algorithm.der.equals(p256KeyAlgorithm)) throw new SmkiError("CSR_CURVE_UNSUPPORTED");
  if (publicKey.length !== 65 || publicKey[0] !== 0x04) {
    throw new SmkiError("CSR_POINT_COMPRESSED", { octets: publicKey.length });
  }
  requireSignatureAlgorithm(request, ecdsaWithSha256);
  try {
    return decodePublicPoint(publicKey);
  } catch (error) {
    if (isSmkiError(error)) throw new SmkiError("CSR_POINT_OFF_CURVE", {}, { cause: error });
    throw error;
  }
}

/**
 * Reads the RSA key of an IKI CSR, and sees that it is signed the way such a key signs.
 *
 * @returns the DER SubjectPublicKeyInfo
 * @throws SmkiError CSR_KEY_ALGORITHM_UNSUPPORTED, CSR_RSA_KEY_UNSUPPORTED, CSR_SIGNATURE_ALGORITHM_UNSUPPORTED
 */
export function readRsaKey(request: CertificationRequest): Buffer {
  const info = request.subjectPublicKeyInfo;
  if (!info.algorithm.der.equals(rsaKeyAlgorithm)) {
    throw new SmkiError("CSR_KEY_ALGORITHM_UNSUPPORTED", { algorithm: info.algorithm.algorithm });
  }
  requireSignatureAlgorithm(request, sha256WithRsaEncryption);
  const { modulusBits, exponent } = decodeRsaKey(request);
  if (modulusBits !== rsaModulusBits || exponent !== rsaExponent) {
    throw new SmkiError("CSR_RSA_KEY_UNSUPPORTED", { modulusBits, exponent });
  }
  return info.der;
}

function decodeRsaKey(request: CertificationRequest): { modulusBits: number; exponent: number } {
  try {
    const key = decodePublicKey(request.subjectPublicKeyInfo);
    if (key.kind === "rsa") return key;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    throw new SmkiError("CSR_RSA_KEY_UNSUPPORTED", { reason: error.code }, { cause: error });
  }
  throw new SmkiError("CSR_RSA_KEY_UNSUPPORTED");
}

/** Octet for octet: a NULL after ecdsa-with-SHA256 is refused (RFC 5758 3.2), so is another hash. */
function requireSignatureAlgorithm(request: CertificationRequest, expected: Buffer): void {
  const found = request.signatureAlgorithm;
  if (found.der.equals(expected)) return;
  const parameters = found.parameters?.toString("hex") ?? "absent";
  throw new SmkiError("CSR_SIGNATURE_ALGORITHM_UNSUPPORTED", {
    algorithm: found.algorithm,
    parameters: parameters.slice(0, 40),
  });
}
