import { SmkiError } from "../../errors/smki-error.ts";
import type { Oid } from "../der/index.ts";
import { type Eui64, type KeyUsage, Oids, type RemotePartyRole } from "../vocabulary/index.ts";
import type { CertificationRequest } from "./certification-request.ts";
import { readDeviceName, readKeyUsage } from "./read-extensions.ts";
import { readPointKey, readRsaKey } from "./read-key.ts";
import { readAttributes, readEntityIdentifier, readRole, readText } from "./read-subject.ts";

/** What a Device CSR asks for (SEC Appendix M Appendix F). */
export interface DeviceRequest {
  readonly deviceId: Eui64;
  readonly hardwareType: Oid;
  readonly keyUsage: KeyUsage;
  /** The uncompressed P-256 point, 65 octets. */
  readonly publicKey: Buffer;
}

/** What an Organisation CSR asks for (SEC Appendix M Appendix F). */
export interface OrganisationRequest {
  readonly commonName?: string;
  readonly role: RemotePartyRole;
  readonly entityIdentifier: Eui64;
  readonly keyUsage: KeyUsage;
  /** The uncompressed P-256 point, 65 octets. */
  readonly publicKey: Buffer;
}

/** What an IKI CSR asks for (SEC Appendix M Appendix G). */
export interface IkiRequest {
  /** The Party's trading name. */
  readonly organisation: string;
  readonly role: RemotePartyRole;
  /** Unique name of the officer or system that shall be authenticated. */
  readonly commonName: string;
  /** DER SubjectPublicKeyInfo of an RSA key. */
  readonly publicKey: Buffer;
}

/**
 * Reads a Device CSR: empty subject, a P-256 key, one key usage, one hardwareModuleName. Other extensions are passed
 * over, and the request's own signature is not judged here ({@link verifyCsrSignature} does).
 *
 * @throws SmkiError with a `CSR_` code
 */
export function readDeviceCsr(request: CertificationRequest): DeviceRequest {
  if (request.subject.relativeDistinguishedNames.length > 0) throw new SmkiError("CSR_SUBJECT_NOT_EMPTY");
  const publicKey = readPointKey(request);
  const keyUsage = readKeyUsage(request);
  const { deviceId, hardwareType } = readDeviceName(request);
  return { deviceId, hardwareType, keyUsage, publicKey };
}

const organisationAttributes = [Oids.commonName, Oids.organisationalUnit, Oids.uniqueIdentifier];

/**
 * Reads an Organisation CSR: role and EUI-64 in the subject, perhaps a common name, a P-256 key, one key usage.
 *
 * @throws SmkiError with a `CSR_` code
 */
export function readOrganisationCsr(request: CertificationRequest): OrganisationRequest {
  const attributes = readAttributes(request.subject, organisationAttributes);
  const role = readRole(attributes);
  const entityIdentifier = readEntityIdentifier(attributes);
  const publicKey = readPointKey(request);
  const keyUsage = readKeyUsage(request);
  const fields = { role, entityIdentifier, keyUsage, publicKey };
  if (!attributes.has(Oids.commonName)) return fields;
  return { commonName: readText(attributes, Oids.commonName), ...fields };
}

const ikiAttributes = [Oids.organisation, Oids.organisationalUnit, Oids.commonName];

/**
 * Reads an IKI CSR: trading name, role and a unique name in the subject, an RSA key of 2048 bits, digitalSignature.
 *
 * @throws SmkiError with a `CSR_` code
 */
export function readIkiCsr(request: CertificationRequest): IkiRequest {
  const attributes = readAttributes(request.subject, ikiAttributes);
  const organisation = readText(attributes, Oids.organisation);
  const role = readRole(attributes);
  const commonName = readText(attributes, Oids.commonName);
  const publicKey = readRsaKey(request);
  const keyUsage = readKeyUsage(request);
  if (keyUsage !== "digitalSignature") throw new SmkiError("CSR_KEY_USAGE_INVALID", { asked: keyUsage });
  return { organisation, role, commonName, publicKey };
}
