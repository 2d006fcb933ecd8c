import type { RevocationReason } from "../../certificates/index.ts";

/** What a ceremony can be for. */
export const ceremonyPurposes = ["found", "stock", "arl", "revoke", "replace"] as const;
export type CeremonyPurpose = (typeof ceremonyPurposes)[number];

/** Purposes in words. */
const purposeTitles: Readonly<Record<CeremonyPurpose, string>> = {
  found: "found the key hierarchies",
  stock: "fill the stock of Issuing DCAs",
  arl: "renew the ARLs",
  revoke: "revoke a CA",
  replace: "replace a revoked CA",
};

/** The purpose in words; one that an earlier release wrote is in words already. */
export function purposeTitle(purpose: string): string {
  return Object.hasOwn(purposeTitles, purpose) ? purposeTitles[purpose as CeremonyPurpose] : purpose;
}

/** Grounds on which a root revokes a CA that it certified, in the words of RFC 5280 5.3.1. */
export const authorityRevocationReasons = [
  "unspecified",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
] as const satisfies readonly RevocationReason[];

export type AuthorityRevocationReason = (typeof authorityRevocationReasons)[number];

/** What a ceremony is to do. It is stored when the ceremony begins, with what was left open settled. */
export interface CeremonyOrder {
  readonly purpose: CeremonyPurpose;
  /** stock: how many Issuing DCAs to make; the stock is filled up when left out. */
  readonly count?: number;
  /** stock: the number of the first; settled at the beginning. */
  readonly first?: number;
  /** revoke, replace: which CA, for example `issuing-dca/0007`. */
  readonly authorityId?: string;
  /** revoke: on which ground. */
  readonly reason?: AuthorityRevocationReason;
  /** replace: the common name of the new CA, which no other has or had. */
  readonly name?: string;
  /** replace: the identifier of the new CA; settled at the beginning. */
  readonly replacement?: string;
}
