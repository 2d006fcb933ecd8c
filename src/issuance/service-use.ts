import type { Tx } from "../database/transaction.ts";
import type { Rulebook } from "../rulebook/index.ts";
import { type AdHocUse, type PollUse, selectAdHocUse, selectPolls } from "./service-use-store.ts";

/** What a Party asked of the two web services in 24 hours, and what of it SEC Appendix N would have it not do. */
export interface ServiceUse {
  readonly partyId: number;
  readonly adHoc: AdHocUse;
  readonly polls: PollUse;
}

const day = 24 * 60 * 60 * 1000;

/**
 * What every Party asked of the web services in the 24 hours before, for the operator. These are obligations of the
 * Parties, for which Appendix M has no refusal: all of it was answered.
 */
export async function serviceUses(
  tx: Tx,
  rules: Pick<Rulebook, "adHocPace">,
  at: Date,
): Promise<ServiceUse[]> {
  const since = new Date(at.getTime() - day);
  const adHoc = await selectAdHocUse(tx, since, rules.adHocPace.value);
  const polls = await selectPolls(tx, since);
  const parties = [...new Set([...adHoc.keys(), ...polls.keys()])].toSorted((left, right) => left - right);
  return parties.map((partyId) => ({
    partyId,
    adHoc: adHoc.get(partyId) ?? { csrs: 0, tooSoon: 0 },
    polls: polls.get(partyId) ?? { polls: 0, early: 0, frequent: 0, repeated: 0 },
  }));
}
