import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Principal } from "../registration/principal.ts";
import { partyById } from "../registration/registration.ts";
import type { Rulebook } from "../rulebook/index.ts";
import { receive } from "./receive.ts";

/** One CSR of the Ad Hoc Device CSR Web Service. */
export interface AdHocCsr {
  /** The client's own name for it. */
  readonly reference: string;
  /** PKCS#10, DER, not yet looked at. */
  readonly request: Uint8Array;
}

/**
 * Receives a single Device CSR of the Ad Hoc Device CSR Web Service, which replaces certificates of Devices in the
 * field: only those who answer for such Devices may use it (SEC Appendix M 2.4, Appendix N 2.1.2). What `receive` says
 * of durability holds here.
 *
 * @returns the number of its batch of one
 * @throws SmkiError NOT_PERMITTED, and as `receive`
 */
export async function receiveAdHoc(
  tx: Tx,
  by: Principal,
  { reference, request }: AdHocCsr,
  rules: Pick<Rulebook, "adHocSubscribers">,
  at: Date,
): Promise<number> {
  if (by.kind === "credential") {
    const { categories } = await partyById(tx, by.partyId);
    const permitted = rules.adHocSubscribers.value;
    if (!categories.some((category) => permitted.includes(category)))
      throw new SmkiError("NOT_PERMITTED", { needed: permitted.join(" or "), held: categories.join(", ") });
  }
  return receive(tx, by, { kind: "device", channel: "ad-hoc", reference, requests: [request] }, 1, at);
}
