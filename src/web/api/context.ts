import type { Database } from "../../database/connect.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";

/** What every route of the JSON API works with: given by the app. */
export interface ApiContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Rulebook;
  readonly environment: "test" | "live";
  readonly edition: string;
  readonly software: string;
  /** The ledger's public verifier key. */
  readonly ledgerVerifierKey: string;
}
