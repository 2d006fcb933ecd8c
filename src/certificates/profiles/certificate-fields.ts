import type { Oid } from "../der/index.ts";
import type { Eui64, KeyIdentifier, KeyUsage, RemotePartyRole, SerialNumber } from "../vocabulary/index.ts";

/** The name of a certification authority. */
export interface AuthorityName {
  readonly commonName: string;
  /** Two upper-case hexadecimal digits in the OCA's names (`00` root, `07` issuing); the DCA's names have none. */
  readonly organisationalUnit?: string;
}

/** From when to when a certificate is valid; whole seconds. */
export interface DatedValidity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A Device Certificate has no end: notAfter is 99991231235959Z (GBCS 12; RFC 5280 4.1.2.5). */
export interface IndefiniteValidity {
  readonly notBefore: Date;
  readonly notAfter: "indefinite";
}

/** What every profile has. The subject key identifier is derived from the public key and never given. */
interface CommonFields {
  /** 16 octets, the first 01 to 7F. */
  readonly serialNumber: SerialNumber;
  /** The only policy, without qualifiers. */
  readonly policy: Oid;
  /** The uncompressed P-256 point, 65 octets; in the IKI profiles the DER SubjectPublicKeyInfo of an RSA key. */
  readonly publicKey: Uint8Array;
}

interface RootFields extends CommonFields {
  readonly validity: DatedValidity;
  /** A root signs itself, so this is the issuer too. */
  readonly subject: AuthorityName;
  /** The path length constraint; absent means that there is none. */
  readonly pathLength?: number;
}

interface IssuingFields extends CommonFields {
  readonly validity: DatedValidity;
  readonly issuer: AuthorityName;
  readonly subject: AuthorityName;
  readonly authorityKeyIdentifier: KeyIdentifier;
}

/** Root OCA: carries the wrapped contingency key (RFC 5934) that may replace it on Devices. */
export interface RootOcaFields extends RootFields {
  readonly profile: "root-oca";
  readonly wrappedContingencyKey: { readonly wrapAlgorithm: Oid; readonly wrappedKey: Uint8Array };
}

/** Issuing OCA: path length 0. */
export interface IssuingOcaFields extends IssuingFields {
  readonly profile: "issuing-oca";
}

/** Root DCA. */
export interface RootDcaFields extends RootFields {
  readonly profile: "root-dca";
}

/** Issuing DCA: path length 0. */
export interface IssuingDcaFields extends IssuingFields {
  readonly profile: "issuing-dca";
}

/** Organisation Certificate, of any Remote Party Role. */
export interface OrganisationFields extends CommonFields {
  readonly profile: "organisation";
  readonly validity: DatedValidity;
  readonly issuer: AuthorityName;
  readonly subject: {
    readonly commonName?: string;
    readonly role: RemotePartyRole;
    readonly entityIdentifier: Eui64;
  };
  readonly keyUsage: KeyUsage;
  readonly authorityKeyIdentifier: KeyIdentifier;
}

/** Device Certificate: empty subject, the Device ID in a hardwareModuleName. */
export interface DeviceFields extends CommonFields {
  readonly profile: "device";
  readonly validity: IndefiniteValidity;
  readonly issuer: AuthorityName;
  readonly deviceId: Eui64;
  readonly hardwareType: Oid;
  readonly keyUsage: KeyUsage;
  readonly authorityKeyIdentifier: KeyIdentifier;
}

/** Root of the IKI: RSA. */
export interface IkiRootFields extends RootFields {
  readonly profile: "iki-root";
}

/** Issuer of the IKI: RSA, path length 0. */
export interface IkiIssuingFields extends IssuingFields {
  readonly profile: "iki-issuing";
}

/** IKI Certificate of an officer or a system (SEC Appendix M, Appendix G): RSA, digitalSignature. */
export interface IkiEndEntityFields extends CommonFields {
  readonly profile: "iki-end-entity";
  readonly validity: DatedValidity;
  readonly issuer: AuthorityName;
  readonly subject: {
    /** The Party's trading name. */
    readonly organisation: string;
    readonly role: RemotePartyRole;
    /** Unique among the Party's certificates for the service. */
    readonly commonName: string;
  };
  readonly authorityKeyIdentifier: KeyIdentifier;
}

/**
 * What a certificate says, in the words of its profile: no DER, no string types, no order of extensions.
 * The profile alone settles those, so that equal fields give equal octets.
 */
export type CertificateFields =
  | RootOcaFields
  | IssuingOcaFields
  | RootDcaFields
  | IssuingDcaFields
  | OrganisationFields
  | DeviceFields
  | IkiRootFields
  | IkiIssuingFields
  | IkiEndEntityFields;

/** The name of a certificate profile. */
export type CertificateProfile = CertificateFields["profile"];
