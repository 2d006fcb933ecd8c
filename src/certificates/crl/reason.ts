/** Why a certificate was revoked, as numbered by RFC 5280 5.3.1. `removeFromCRL` is for delta lists, which the SMKI has not. */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

/** A CRLReason by its ASN.1 name. */
export type RevocationReason = keyof typeof reasonCodes;

const names = new Map<number, RevocationReason>(
  Object.entries(reasonCodes).map(([name, code]) => [code, name as RevocationReason]),
);

/** The reason with this number, or undefined where RFC 5280 defines none (7, and above 10). */
export function reasonOf(code: number): RevocationReason | undefined {
  return names.get(code);
}
