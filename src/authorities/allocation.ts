import { after, type DurationRule } from "../rulebook/index.ts";
import type { Authority } from "./authority.ts";

/** The cap of an Issuing DCA (Device Certificate Policy; both values come from the rulebook). */
export interface IssuingCap {
  readonly maximumCertificates: number;
  /** From first use. */
  readonly maximumAge: DurationRule;
}

/** So many certificates of a chunk, in order, from one CA. */
export interface Allocation {
  readonly authority: Authority;
  readonly count: number;
  /** The CA takes over with this allocation: it was released and becomes active. */
  readonly takesOver: boolean;
  /** The CA has reached its cap with this allocation, or was past its age before it. */
  readonly retires: boolean;
}

/** How a chunk is spread over the Issuing CAs. */
export interface AllocationPlan {
  readonly allocations: readonly Allocation[];
  /** Certificates for which no released CA is left: these requests wait. */
  readonly shortfall: number;
}

/**
 * Spreads `count` certificates over the CAs that may sign: the active one up to its cap, then the released
 * ones in the order in which the ceremony numbered them. A CA hands over between two signatures, so that a
 * chunk may begin under one CA and end under the next.
 *
 * @param authorities - the CAs of one profile, in any order
 * @param cap - none for a CA without a cap (the Issuing OCA, the Issuing ICA)
 */
export function allocate(
  authorities: readonly Authority[],
  count: number,
  now: Date,
  cap?: IssuingCap,
): AllocationPlan {
  const usable = authorities.filter(({ state }) => state === "active" || state === "released");
  const inTurn = usable.toSorted(
    (left, right) =>
      Number(right.state === "active") - Number(left.state === "active") || left.id.localeCompare(right.id),
  );
  const allocations: Allocation[] = [];
  let shortfall = count;
  for (const authority of inTurn) {
    if (shortfall === 0) break;
    const room = remaining(authority, now, cap);
    const taken = Math.min(room, shortfall);
    shortfall -= taken;
    allocations.push({
      authority,
      count: taken,
      takesOver: authority.state === "released",
      // One that fills up exactly retires when the next certificate is asked for, as `room` is then 0.
      retires: taken === room && shortfall > 0,
    });
  }
  return { allocations, shortfall };
}

function remaining(authority: Authority, now: Date, cap: IssuingCap | undefined): number {
  if (cap === undefined) return Number.POSITIVE_INFINITY;
  const { firstUsedAt } = authority;
  if (firstUsedAt !== undefined && now >= after(firstUsedAt, cap.maximumAge)) return 0;
  return Math.max(0, cap.maximumCertificates - authority.reserved);
}
