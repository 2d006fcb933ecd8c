import type { Tx } from "../database/transaction.ts";
import type { Rulebook } from "../rulebook/index.ts";
import { sumReceived } from "./request-store.ts";

/** What a Party sent by the portal in 24 hours, against what SEC Appendix N 3.1.1 lets it send without notice. */
export interface PortalUse {
  readonly partyId: number;
  /** CSRs in batch files. */
  readonly batched: Use;
  /** Single CSRs. */
  readonly single: Use;
}

interface Use {
  readonly csrs: number;
  readonly allowance: number;
}

const day = 24 * 60 * 60 * 1000;

type AllowanceRules = Pick<Rulebook, "portalBatchAllowance" | "portalSingleAllowance">;

/**
 * What a Party sent by the portal in the 24 hours before. It is told and shown, and nothing is refused for it: what is
 * above the allowance waits its turn as everything does.
 */
export async function portalUse(
  tx: Tx,
  partyId: number,
  rules: AllowanceRules,
  at: Date,
): Promise<PortalUse> {
  const [use] = await usesOf(tx, rules, at, partyId);
  return use ?? useOf(partyId, 0, 0, rules);
}

/** The same of every Party that sent anything, for the operator. */
export function portalUses(tx: Tx, rules: AllowanceRules, at: Date): Promise<PortalUse[]> {
  return usesOf(tx, rules, at);
}

async function usesOf(tx: Tx, rules: AllowanceRules, at: Date, partyId?: number): Promise<PortalUse[]> {
  const since = new Date(at.getTime() - day);
  const sums = await sumReceived(tx, ["portal-batch", "portal-single"], since, partyId);
  const of = (party: number, channel: string) =>
    sums.find((sum) => sum.partyId === party && sum.channel === channel)?.requests ?? 0;
  return [...new Set(sums.map((sum) => sum.partyId))].map((party) =>
    useOf(party, of(party, "portal-batch"), of(party, "portal-single"), rules),
  );
}

function useOf(partyId: number, batched: number, single: number, rules: AllowanceRules): PortalUse {
  return {
    partyId,
    batched: { csrs: batched, allowance: rules.portalBatchAllowance.value },
    single: { csrs: single, allowance: rules.portalSingleAllowance.value },
  };
}
