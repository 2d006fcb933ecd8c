import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import { receive } from "./receive.ts";
import { countReceived } from "./request-store.ts";
import { lockEstAllowance } from "./service-use-store.ts";

const day = 24 * 60 * 60 * 1000;

/**
 * Receives a single Device CSR over EST. The channel has an allowance of its own, which is kept to: unlike those of
 * Appendix N it is no obligation under the Code that a Party might have agreed to exceed.
 *
 * @param allowance - CSRs of one Party in 24 hours
 * @returns the number of its batch of one
 * @throws SmkiError EST_ALLOWANCE_USED, and as `receive`
 */
export async function receiveEst(
  tx: Tx,
  by: Principal,
  { reference, request }: { readonly reference: string; readonly request: Uint8Array },
  allowance: number,
  at: Date,
): Promise<number> {
  if (by.kind === "credential") {
    // Otherwise all that come in at the same moment would find the same count.
    await lockEstAllowance(tx, by.partyId);
    const since = new Date(at.getTime() - day);
    if ((await countReceived(tx, by.partyId, "est", since)) >= allowance)
      throw new SmkiError("EST_ALLOWANCE_USED", { allowance });
  }
  return receive(tx, by, { kind: "device", channel: "est", reference, requests: [request] }, 1, at);
}
