import type { GeneratedAlways } from "kysely";
import type { Tx } from "../database/transaction.ts";

interface InboxRow {
  id: GeneratedAlways<number>;
  entry: Buffer;
}

interface EntryRow {
  leaf: number;
  entry: Buffer;
}

interface TileRow {
  level: number;
  index: number;
  hashes: Buffer;
}

interface CheckpointRow {
  size: number;
  note: string;
  signed_at: Date;
}

/** The transaction with the ledger's own tables; no other duty reads or writes them. */
export const ledgerTables = (tx: Tx) =>
  tx.$extendTables<{
    ledger_inbox: InboxRow;
    ledger_entry: EntryRow;
    ledger_tile: TileRow;
    ledger_checkpoint: CheckpointRow;
  }>();
