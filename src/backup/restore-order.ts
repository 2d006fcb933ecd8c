import type { LedgerReport } from "../ledger/verify-ledger.ts";
import type { Clock } from "../time/clock.ts";
import type { EstateKeyStores } from "./estate-files.ts";
import type { Loss, OutsideKnowledge } from "./lost-acts.ts";
import type { RestoredLedger } from "./restore-ledger.ts";

/** The steps of a restore, in order, by which tests stop it at each. */
export const restoreSteps = [
  "checked",
  "prepared",
  "files",
  "database",
  "loaded",
  "migrated",
  "ledger",
  "verified",
  "closed",
  "placed",
  "finished",
] as const;
export type RestoreStep = (typeof restoreSteps)[number];

/** What is restored, and to where. */
export interface RestoreOrder {
  /** The back-up's folder. */
  readonly backup: string;
  /** The data folder to make: it does not exist, or is empty. */
  readonly dataFolder: string;
  /** An empty external database; the embedded one when left out. */
  readonly databaseUrl?: string;
  /** What the settings of the restored estate say. */
  readonly environment: "test" | "live";
  readonly keyStores: EstateKeyStores;
  readonly outside: OutsideKnowledge;
  /** The operator accepts that acts are lost, or may be. */
  readonly acceptLoss: boolean;
  readonly by: string;
  readonly clock: Clock;
  /** How many Issuing DCAs a ceremony makes: so many numbers may have been given out after the back-up. */
  readonly stockSize: number;
  /** How many octets are free where a folder is, or is to be; of the machine if left out. */
  readonly free?: (folder: string) => Promise<number>;
  readonly onStep?: (text: string) => void;
  readonly onTable?: (table: string, rows: number) => void;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: RestoreStep) => void;
}

/** A restored estate. */
export interface Restored {
  readonly dataFolder: string;
  readonly takenAt: string;
  readonly loss: Loss;
  readonly ledger: RestoredLedger;
  readonly report: LedgerReport;
  /** Labels of keys that no row refers to. */
  readonly unknownKeys: readonly string[];
  readonly remarks: readonly string[];
}
