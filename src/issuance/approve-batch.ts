import { notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireOperator } from "../registration/principal.ts";
import { approvedAct, batchAct } from "./batch-acts.ts";
import { decideBatch, selectUploaded } from "./batch-store.ts";
import { requestsChannel } from "./receive.ts";

/**
 * Approves a batch that awaits it; it is then checked and worked on. Whoever sent it may not.
 *
 * @param reason - for the record, if there is anything to say
 * @throws SmkiError NOT_PERMITTED, BATCH_NOT_PENDING, OWN_BATCH
 */
export async function approveBatch(
  tx: Tx,
  by: Principal,
  batchId: number,
  reason: string | undefined,
  at: Date,
): Promise<void> {
  await decide(tx, by, batchId, "approved", reason, at);
  await recordActs(tx, [approvedAct(by.name, batchId, at)]);
  await notify(tx, requestsChannel, String(batchId));
}

/**
 * Rejects a batch that awaits approval, for ever. Its CSRs may be sent again: none of their keys was certified.
 *
 * @throws SmkiError NOT_PERMITTED, BATCH_NOT_PENDING, OWN_BATCH
 */
export async function rejectBatch(
  tx: Tx,
  by: Principal,
  batchId: number,
  reason: string,
  at: Date,
): Promise<void> {
  await decide(tx, by, batchId, "rejected", reason, at);
  await recordActs(tx, [batchAct("requests.rejected", by.name, batchId, at)]);
}

async function decide(
  tx: Tx,
  by: Principal,
  batchId: number,
  to: "approved" | "rejected",
  reason: string | undefined,
  at: Date,
): Promise<void> {
  requireOperator(by);
  const batch = await selectUploaded(tx, batchId);
  if (batch?.requestedBy === by.name) throw new SmkiError("OWN_BATCH", { batch: batchId });
  const decision = {
    from: "pending",
    to,
    by: by.name,
    at,
    ...(reason === undefined ? {} : { reason }),
  } as const;
  if (!(await decideBatch(tx, batchId, decision)))
    throw new SmkiError("BATCH_NOT_PENDING", { batch: batchId });
}
