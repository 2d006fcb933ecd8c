import type { SerialNumber } from "../certificates/index.ts";

/** The CAs of the SMKI and of its infrastructure (SEC Appendices A, B and Q). */
export type AuthorityProfile =
  | "root-oca"
  | "issuing-oca"
  | "root-dca"
  | "issuing-dca"
  | "iki-root"
  | "iki-issuing";

/**
 * Where a CA stands in its life. `stock`: made in a ceremony, not yet to be used; `released`: by two persons,
 * for use when its turn comes; `active`: signs; `retired`: at its cap, its certificates stay good; `revoked`.
 */
export type AuthorityState = "stock" | "released" | "active" | "retired" | "revoked";

/** A CA of this estate. */
export interface Authority {
  /** For example `issuing-dca/0007`. */
  readonly id: string;
  readonly profile: AuthorityProfile;
  readonly issuerId: string;
  readonly serialNumber: SerialNumber;
  /** DER. */
  readonly certificate: Buffer;
  readonly keyLabel: string;
  readonly state: AuthorityState;
  /** Certificates counted against the cap. */
  readonly reserved: number;
  readonly releasedAt?: Date;
  readonly firstUsedAt?: Date;
}

/** The kinds of end-entity certificate, each with the CA that issues it. */
export type CertificateKind = "device" | "organisation" | "iki";

export const issuingProfile = {
  device: "issuing-dca",
  organisation: "issuing-oca",
  iki: "iki-issuing",
} as const satisfies Record<CertificateKind, AuthorityProfile>;

/** The CAs that revoke, and so publish a CRL. The Issuing DCA does not: a Device Certificate cannot be revoked. */
export const crlProfiles = ["issuing-oca", "iki-issuing"] as const satisfies readonly AuthorityProfile[];

export type CrlProfile = (typeof crlProfiles)[number];

export function publishesCrl(profile: AuthorityProfile): profile is CrlProfile {
  return (crlProfiles as readonly AuthorityProfile[]).includes(profile);
}
