import type { Tx } from "../../src/database/transaction.ts";
import type { Act } from "../../src/ledger/act.ts";

// With a query, so that the hook of register.ts leaves this one alone.
const ledger = (await import(
  new URL("../../src/ledger/record-acts.ts?ledger", import.meta.url).href
)) as typeof import("../../src/ledger/record-acts.ts");

/**
 * In place of the ledger's own: records the one act a chunk that signing is compared with, and no other: what is left
 * of a transaction is what issuing costs without a leaf for each certificate. Only processes that a bench starts for
 * the comparison load it.
 */
export async function recordActs(tx: Tx, acts: readonly Act[]): Promise<void> {
  const intended = acts.filter(({ kind }) => kind === "certificates.intended");
  if (intended.length > 0) await ledger.recordActs(tx, intended);
}
