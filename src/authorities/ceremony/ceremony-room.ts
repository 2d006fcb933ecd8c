import type { Database } from "../../database/connect.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Clock } from "../../time/clock.ts";
import type { HierarchyTerms } from "./hierarchy.ts";

/**
 * The points at which a crash may come, in their order. docs/ceremonies.md says of each what it leaves behind;
 * the tests kill the process at every one.
 */
export const ceremonySteps = [
  // The ceremony
  "beginning",
  "begun",
  // Each step of its journal
  "doing",
  "journaling",
  "journaled",
  // Its one transaction: before it, in it, after its commit
  "writing",
  "lodging",
  "held",
  // Its record
  "signing record",
  "recording",
  "recorded",
  // Another sitting
  "resuming",
  "resumed",
  "abandoning",
  "abandoned",
] as const;

export type CeremonyStep = (typeof ceremonySteps)[number];

/** What a ceremony works with: given by the app. Only here are both key stores open at once. */
export interface CeremonyRoom {
  readonly database: Database;
  /** Root and contingency keys. */
  readonly ceremonySigner: Signer;
  /** Issuing keys and the ledger's key. */
  readonly operationalSigner: Signer;
  readonly clock: Clock;
  readonly terms: HierarchyTerms;
  readonly witnessesNeeded: number;
  /** How far clocks of several machines may differ; none when left out. */
  readonly clockToleranceSeconds?: number;
  /** The estate is a throw-away one, and what is done in it is practice. */
  readonly rehearsal?: boolean;
  /** Numbers the open entries of the ledger and signs: its newest checkpoint, as a note. */
  readonly checkpoint: () => Promise<string>;
  /** Signs the record with the key of ceremony records: a C2SP signed note. */
  readonly signRecord: (text: string) => Promise<string>;
  /** Told of each step, in words, as it is done. */
  readonly onStep?: (words: string) => void;
  /**
   * Called at each point at which a crash may come.
   *
   * @param journaled - the name of the journal's step that it is about
   */
  readonly afterStep?: (step: CeremonyStep, journaled?: string) => void | Promise<void>;
}

/** Which of the two stores holds a key. */
export type KeyStoreName = "ceremony" | "operational";

export function signerOf(room: CeremonyRoom, store: KeyStoreName): Signer {
  return store === "ceremony" ? room.ceremonySigner : room.operationalSigner;
}

/** What a ceremony left behind. */
export interface CeremonyRecord {
  readonly id: number;
  /** The signed record, a C2SP note. */
  readonly note: string;
}
