import { SmkiError } from "../../errors/smki-error.ts";
import {
  bitString,
  booleanTrue,
  contextConstructed,
  element,
  type Oid,
  objectIdentifier,
  octetString,
  readDer,
  sequence,
  setOf,
  smallInteger,
} from "../der/index.ts";
import { encodeDeviceAltName, encodeKeyUsage } from "../extensions/index.ts";
import {
  checkEcdsaEncoding,
  decodePublicKeyInfo,
  decodePublicPoint,
  ecdsaWithSha256,
  encodeP256PublicKey,
  sha256WithRsaEncryption,
} from "../keys/index.ts";
import { emptyName, encodeIkiName, encodeOrganisationName } from "../profiles/names.ts";
import { readSubjectPublicKeyInfo } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import type { DeviceRequest, IkiRequest, OrganisationRequest } from "./read-request.ts";

const version0 = smallInteger(0);

/**
 * Builds the to-be-signed part of a Device CSR, octet for octet as Devices answer CS02c: keyUsage, then
 * subjectAltName, both critical, in one extensionRequest.
 *
 * @returns the DER CertificationRequestInfo, to be signed with ecdsa-with-SHA256 and given to {@link assembleCsr}
 * @throws SmkiError PUBLIC_KEY_POINT_INVALID
 */
export function buildDeviceCsrInfo(fields: DeviceRequest): Buffer {
  return info(emptyName, pointKey(fields.publicKey), [
    critical(Oids.keyUsage, encodeKeyUsage([fields.keyUsage])),
    critical(Oids.subjectAltName, encodeDeviceAltName(fields.hardwareType, fields.deviceId)),
  ]);
}

/**
 * Builds the to-be-signed part of an Organisation CSR.
 *
 * @returns the DER CertificationRequestInfo, to be signed with ecdsa-with-SHA256
 * @throws SmkiError PUBLIC_KEY_POINT_INVALID, CERTIFICATE_FIELD_INVALID, REMOTE_PARTY_ROLE_UNKNOWN
 */
export function buildOrganisationCsrInfo(fields: OrganisationRequest): Buffer {
  const keyUsage = critical(Oids.keyUsage, encodeKeyUsage([fields.keyUsage]));
  return info(encodeOrganisationName(fields), pointKey(fields.publicKey), [keyUsage]);
}

/**
 * Builds the to-be-signed part of an IKI CSR.
 *
 * @returns the DER CertificationRequestInfo, to be signed with sha256WithRSAEncryption
 * @throws SmkiError CERTIFICATE_FIELD_INVALID, REMOTE_PARTY_ROLE_UNKNOWN, or a `PUBLIC_KEY_` code
 */
export function buildIkiCsrInfo(fields: IkiRequest): Buffer {
  decodePublicKeyInfo(fields.publicKey);
  const keyUsage = critical(Oids.keyUsage, encodeKeyUsage(["digitalSignature"]));
  return info(encodeIkiName(fields), fields.publicKey, [keyUsage]);
}

/**
 * Puts a CertificationRequestInfo and its signature together.
 *
 * @param infoOctets - from one of the builders; its key says which algorithm signed it
 * @param signature - a DER ECDSA-Sig-Value, or the octets of an RSA signature
 * @returns the DER CertificationRequest
 * @throws SmkiError SIGNATURE_ENCODING_INVALID, CSR_KEY_ALGORITHM_UNSUPPORTED, or with a `DER_` code
 */
export function assembleCsr(infoOctets: Uint8Array, signature: Uint8Array): Buffer {
  const key = readDer(infoOctets, (reader) =>
    reader.sequence((inner) => {
      inner.element(); // version
      inner.element(); // subject
      const { algorithm } = readSubjectPublicKeyInfo(inner);
      inner.element(); // attributes
      return algorithm.algorithm;
    }),
  );
  if (key === Oids.rsaEncryption) return sequence(infoOctets, sha256WithRsaEncryption, bitString(signature));
  if (key !== Oids.ecPublicKey) throw new SmkiError("CSR_KEY_ALGORITHM_UNSUPPORTED", { algorithm: key });
  checkEcdsaEncoding(signature);
  return sequence(infoOctets, ecdsaWithSha256, bitString(signature));
}

/**
 * The text of a CSR as a file: PEM with lines of 64 characters (RFC 7468).
 *
 * @param der - from {@link assembleCsr}
 */
export function encodeCsrText(der: Buffer): string {
  const lines = der.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`;
}

function pointKey(publicKey: Uint8Array): Buffer {
  return encodeP256PublicKey(decodePublicPoint(publicKey));
}

function critical(id: Oid, value: Buffer): Buffer {
  return sequence(objectIdentifier(id), booleanTrue, octetString(value));
}

/** CertificationRequestInfo with the extensions in one extensionRequest attribute (RFC 2986 4.1; RFC 2985 5.4.2). */
function info(subject: Buffer, key: Uint8Array, extensions: readonly Buffer[]): Buffer {
  const attribute = sequence(objectIdentifier(Oids.extensionRequest), setOf(sequence(...extensions)));
  return sequence(version0, subject, key, element(contextConstructed(0), attribute));
}
