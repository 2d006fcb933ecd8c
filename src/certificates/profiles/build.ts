import { SmkiError } from "../../errors/smki-error.ts";
import { bitString, readDer, sequence } from "../der/index.ts";
import { checkEcdsaEncoding, ecdsaWithSha256, sha256WithRsaEncryption } from "../keys/index.ts";
import type { CertificateFields } from "./certificate-fields.ts";
import { encodeDeviceTbs } from "./device-template.ts";
import { encodeTbs } from "./encode-tbs.ts";

/**
 * Builds the to-be-signed part of a certificate. Equal fields give equal octets, always.
 *
 * @param fields - one profile's fields
 * @returns the DER TBSCertificate: what to record as the intent, and what to sign
 * @throws SmkiError CERTIFICATE_FIELD_INVALID, PUBLIC_KEY_POINT_INVALID, DER_TIME_INVALID and others, naming the field
 * @example
 * ```ts
 * const tbs = buildTbsCertificate(fields);
 * const certificate = assembleCertificate(tbs, await signer.sign(label, tbs));
 * ```
 */
export function buildTbsCertificate(fields: CertificateFields): Buffer {
  return fields.profile === "device" ? encodeDeviceTbs(fields) : encodeTbs(fields);
}

/**
 * Puts a TBSCertificate and its signature together. The outer algorithm is the one that the TBSCertificate names,
 * as RFC 5280 4.1.1.2 demands.
 *
 * @param tbs - from {@link buildTbsCertificate}
 * @param signature - a DER ECDSA-Sig-Value, or the octets of an RSA signature
 * @returns the DER Certificate
 * @throws SmkiError SIGNATURE_ENCODING_INVALID, SIGNATURE_ALGORITHM_UNSUPPORTED, or with a `DER_` code
 */
export function assembleCertificate(tbs: Uint8Array, signature: Uint8Array): Buffer {
  const algorithm = readDer(tbs, (reader) =>
    reader.sequence((inner) => {
      inner.element(); // version
      inner.element(); // serialNumber
      const identifier = inner.element();
      inner.rest(); // whatever it is, it was signed as it stands
      return identifier;
    }),
  );
  if (algorithm.equals(ecdsaWithSha256)) checkEcdsaEncoding(signature);
  else if (!algorithm.equals(sha256WithRsaEncryption)) throw new SmkiError("SIGNATURE_ALGORITHM_UNSUPPORTED");
  return sequence(tbs, algorithm, bitString(signature));
}
