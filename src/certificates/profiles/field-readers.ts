import { indefinite, type Oid, Tag } from "../der/index.ts";
import {
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeCertificatePolicies,
  decodeKeyUsage,
  decodeSubjectAltName,
  decodeWrappedApexContingencyKey,
} from "../extensions/index.ts";
import { attributesOf, type Certificate, type Name, type NameAttribute, textOf } from "../syntax/index.ts";
import {
  type Eui64,
  eui64FromOctets,
  type KeyIdentifier,
  type KeyUsage,
  keyIdentifier,
  Oids,
  type RemotePartyRole,
  roleOfOrganisationalUnit,
  type SerialNumber,
  serialNumberFromOctets,
} from "../vocabulary/index.ts";
import type { AuthorityName, DatedValidity, IndefiniteValidity } from "./certificate-fields.ts";
import { extensionValue } from "./profile-of.ts";
import { type ExtensionName, extensionRules } from "./profile-rules.ts";

/** A part from which a field cannot be read; `readFields` says it as CERTIFICATE_NOT_IN_PROFILE. */
export class Deviation extends Error {
  readonly part: string;
  readonly how: string;

  constructor(part: string, how: string) {
    super(`${part}: ${how}`);
    this.part = part;
    this.how = how;
  }
}

export function serialNumber(certificate: Certificate): SerialNumber {
  return serialNumberFromOctets(certificate.serialNumber);
}

/** The point, or in the IKI the whole SubjectPublicKeyInfo. */
export function publicKey(certificate: Certificate): Buffer {
  const info = certificate.subjectPublicKeyInfo;
  return info.algorithm.algorithm === Oids.rsaEncryption ? info.der : info.publicKey;
}

export function policy(certificate: Certificate): Oid {
  const [first, ...others] = decodeCertificatePolicies(valueOf(certificate, "certificatePolicies"));
  if (first === undefined || others.length > 0)
    throw new Deviation("certificatePolicies", "not exactly one policy");
  return first.policy;
}

export function keyUsage(certificate: Certificate): KeyUsage {
  const [usage, ...others] = decodeKeyUsage(valueOf(certificate, "keyUsage"));
  if (others.length > 0 || (usage !== "digitalSignature" && usage !== "keyAgreement")) {
    throw new Deviation("keyUsage", "not exactly one of digitalSignature and keyAgreement");
  }
  return usage;
}

/** What a certificate that another CA issued has: the issuer's name and the issuer's key identifier. */
export function issued(certificate: Certificate): {
  issuer: AuthorityName;
  authorityKeyIdentifier: KeyIdentifier;
} {
  const authority = decodeAuthorityKeyIdentifier(valueOf(certificate, "authorityKeyIdentifier"));
  if (authority.keyIdentifier === undefined)
    throw new Deviation("authorityKeyIdentifier", "no key identifier");
  return {
    issuer: authorityName(certificate.issuer, "issuer"),
    authorityKeyIdentifier: keyIdentifier(authority.keyIdentifier.toString("hex")),
  };
}

export function root(certificate: Certificate): {
  subject: AuthorityName;
  validity: DatedValidity;
  pathLength?: number;
} {
  const { pathLength } = decodeBasicConstraints(valueOf(certificate, "basicConstraints"));
  const fields = {
    subject: authorityName(certificate.subject, "subject"),
    validity: datedValidity(certificate),
  };
  return pathLength === undefined ? fields : { ...fields, pathLength };
}

export function wrappedContingencyKey(certificate: Certificate): { wrapAlgorithm: Oid; wrappedKey: Buffer } {
  const value = decodeWrappedApexContingencyKey(valueOf(certificate, "wrappedApexContingencyKey"));
  return { wrapAlgorithm: value.wrapAlgorithm.algorithm, wrappedKey: value.wrappedKey };
}

export function datedValidity({ validity }: Certificate): DatedValidity {
  return {
    notBefore: new Date(validity.notBefore.milliseconds),
    notAfter: new Date(validity.notAfter.milliseconds),
  };
}

export function indefiniteValidity({ validity }: Certificate): IndefiniteValidity {
  if (validity.notAfter.milliseconds !== indefinite)
    throw new Deviation("validity", "notAfter is not 99991231235959Z");
  return { notBefore: new Date(validity.notBefore.milliseconds), notAfter: "indefinite" };
}

export function device(certificate: Certificate): { deviceId: Eui64; hardwareType: Oid } {
  const [name, ...others] = decodeSubjectAltName(valueOf(certificate, "subjectAltName"));
  const moduleName = others.length === 0 ? name?.hardwareModuleName : undefined;
  if (moduleName === undefined) throw new Deviation("subjectAltName", "not exactly one hardwareModuleName");
  return {
    deviceId: eui64FromOctets(moduleName.hardwareSerialNumber),
    hardwareType: moduleName.hardwareType,
  };
}

export function authorityName(name: Name, part: string): AuthorityName {
  const commonName = text(name, Oids.commonName, `${part}.commonName`);
  if (attributesOf(name, Oids.organisationalUnit).length === 0) return { commonName };
  return {
    commonName,
    organisationalUnit: text(name, Oids.organisationalUnit, `${part}.organisationalUnit`),
  };
}

export function organisationSubject({ subject }: Certificate): {
  commonName?: string;
  role: RemotePartyRole;
  entityIdentifier: Eui64;
} {
  const identifier = only(subject, Oids.uniqueIdentifier, "subject.uniqueIdentifier");
  if (identifier.tag !== Tag.bitString) throw new Deviation("subject.uniqueIdentifier", "not a BIT STRING");
  const fields = { role: role(subject), entityIdentifier: eui64FromOctets(identifier.contents.subarray(1)) };
  return attributesOf(subject, Oids.commonName).length === 0
    ? fields
    : { ...fields, commonName: text(subject, Oids.commonName, "subject.commonName") };
}

export function ikiSubject({ subject }: Certificate): {
  organisation: string;
  role: RemotePartyRole;
  commonName: string;
} {
  return {
    organisation: text(subject, Oids.organisation, "subject.organisation"),
    role: role(subject),
    commonName: text(subject, Oids.commonName, "subject.commonName"),
  };
}

function role(subject: Name): RemotePartyRole {
  const found = roleOfOrganisationalUnit(
    text(subject, Oids.organisationalUnit, "subject.organisationalUnit"),
  );
  if (found === undefined) {
    throw new Deviation(
      "subject.organisationalUnit",
      "not a Remote Party Role in two upper-case hexadecimal digits",
    );
  }
  return found;
}

function text(name: Name, type: Oid, part: string): string {
  const value = textOf(only(name, type, part));
  if (value === undefined) throw new Deviation(part, "not a PrintableString or UTF8String");
  return value;
}

function only(name: Name, type: Oid, part: string): NameAttribute {
  const [attribute, ...others] = attributesOf(name, type);
  if (attribute === undefined) throw new Deviation(part, "absent");
  if (others.length > 0) throw new Deviation(part, "more than one");
  return attribute;
}

function valueOf(certificate: Certificate, name: ExtensionName): Buffer {
  const value = extensionValue(certificate, extensionRules[name].id);
  if (value === undefined) throw new Deviation(name, "absent");
  return value;
}
