import type { GeneratedAlways } from "kysely";
import type { Tx } from "../database/transaction.ts";

/** The ledger's own tables; no other duty reads or writes them. */
export type LedgerTables = {
  ledger_inbox: { id: GeneratedAlways<number>; entry: Buffer };
  ledger_entry: { leaf: number; entry: Buffer };
  ledger_tile: { level: number; index: number; hashes: Buffer };
  ledger_checkpoint: { size: number; note: string; signed_at: Date };
};

/** The transaction with the ledger's tables. */
export const ledgerTables = (tx: Tx) => tx.withTables<LedgerTables>();
