import { hash } from "node:crypto";
import type { Eui64, KeyUsage, Oid, RemotePartyRole } from "../../certificates/index.ts";

/** What a checked Device CSR asks to have certified (Device Certificate Policy; GBCS 12). */
export interface DeviceSubject {
  readonly kind: "device";
  readonly deviceId: Eui64;
  readonly hardwareType: Oid;
  readonly keyUsage: KeyUsage;
  /** The uncompressed point, 65 octets. */
  readonly publicKey: Buffer;
}

/** What a checked Organisation CSR asks to have certified (Organisation Certificate Policy). */
export interface OrganisationSubject {
  readonly kind: "organisation";
  readonly commonName?: string;
  readonly role: RemotePartyRole;
  readonly entityIdentifier: Eui64;
  readonly keyUsage: KeyUsage;
  readonly publicKey: Buffer;
}

/** What a checked CSR for an IKI credential asks to have certified (SEC Appendix M, appendix G). */
export interface IkiSubject {
  readonly kind: "iki";
  readonly organisation: string;
  readonly role: RemotePartyRole;
  readonly commonName: string;
  /** RSA SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
}

export type CertificateSubject = DeviceSubject | OrganisationSubject | IkiSubject;

/**
 * The name under which a certified key is remembered: 16 octets of its SHA-256, which no one can make collide
 * with another's on purpose in any useful time, and which keep the one index with random keys narrow.
 */
export function keyHash(publicKey: Uint8Array): Buffer {
  return hash("sha256", publicKey, "buffer").subarray(0, 16);
}
