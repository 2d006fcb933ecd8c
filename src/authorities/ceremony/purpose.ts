import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import type { Journal, StepResult } from "./journal.ts";

/**
 * Writes what a ceremony made, in its one transaction. It may run twice, so it tells its steps instead of doing
 * them through the journal.
 */
export type WriteCeremony = (tx: Tx, ceremonyId: number) => Promise<WrittenCeremony>;

export interface WrittenCeremony {
  readonly acts: readonly Act[];
  readonly steps: readonly (StepResult & { readonly name: string })[];
}

/** What is needed to look whether a ceremony may begin: no key. */
export type SettlingRoom = Pick<CeremonyRoom, "database" | "terms">;

/** How ceremonies of one purpose are held. */
export interface Purpose {
  /** Looks at how the estate stands, and refuses; settles what the order leaves open. */
  readonly settle: (room: SettlingRoom, order: CeremonyOrder) => Promise<CeremonyOrder>;
  /**
   * Does the steps that need keys, through the journal; lodges nothing. After a crash it runs again from its
   * beginning, and the journal passes over what is done.
   */
  readonly work: (room: CeremonyRoom, journal: Journal, order: CeremonyOrder) => Promise<WriteCeremony>;
  /** Whether ceremonies of this purpose make keys of that label. */
  readonly makesKey: (label: string) => boolean;
}
