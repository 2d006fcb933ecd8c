import type { CertificateStanding } from "../authorities/certificates.ts";

/**
 * The status of a certificate, in the letters of the SMKI Repository's web service: P pending, I in use,
 * N not in use, E expired, R revoked.
 */
export type CertificateStatus = "P" | "I" | "N" | "E" | "R";

export const certificateStatuses = ["P", "I", "N", "E", "R"] as const satisfies readonly CertificateStatus[];

/** What the status of a lodged certificate follows from. */
export interface StatusFacts {
  readonly revokedAt?: Date | undefined;
  /** Absent: indefinite. */
  readonly notAfter?: Date | undefined;
  /** Reported as not in use: rejected by its Subscriber, or no longer on any device. */
  readonly notInUse: boolean;
}

/**
 * The one rule for each letter:
 * - R: its CA revoked it; that stays so after its notAfter, since a revocation is for ever;
 * - E: its notAfter has passed;
 * - N: a Device Certificate that its Subscriber rejected or reported as not in use, as it cannot be revoked;
 * - I: lodged, and none of these;
 * - P: recorded to be issued and not yet lodged (never the answer here: such a certificate has no row).
 */
export function certificateStatus(
  { revokedAt, notAfter, notInUse }: StatusFacts,
  now: Date,
): CertificateStatus {
  if (revokedAt !== undefined) return "R";
  if (notAfter !== undefined && notAfter < now) return "E";
  return notInUse ? "N" : "I";
}

/** What a lodged certificate of that status has and has not; the same rule, for a search. P has no such certificate. */
export function standingOf(status: Exclude<CertificateStatus, "P">, now: Date): CertificateStanding {
  if (status === "R") return { revoked: true };
  if (status === "E") return { revoked: false, expired: { at: now, is: true } };
  return { revoked: false, expired: { at: now, is: false }, notInUse: status === "N" };
}
