import type { Database } from "../../database/connect.ts";
import type { BatchTerms } from "../../issuance/batch-terms.ts";
import type { ResponseTimes } from "../../repository/response-times.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import type { WebServer } from "../server/create-server.ts";
import type { ReadClientCertificate } from "../server/principal.ts";
import type { UploadSlots } from "../server/upload-slots.ts";

/** What every route of the JSON API works with: given by the app. */
export interface ApiContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Rulebook;
  readonly terms: BatchTerms;
  readonly environment: "test" | "live";
  readonly edition: string;
  readonly software: string;
  /** The ledger's public verifier key. */
  readonly ledgerVerifierKey: string;
  /** How the ledger is shown: to everyone or not, and under which checkpoint. */
  readonly ledger: {
    /** Tiles, entries and proofs need no credential. */
    readonly isPublic: boolean;
    /** Witnesses that must have cosigned the checkpoint that is shown; 0 for none. */
    readonly quorum: number;
  };
  /** Aborted when the service stops: requests that wait are answered then. */
  readonly stopping?: AbortSignal;
  /** How long a single request waits for its certificate, in milliseconds. */
  readonly patience?: number;
  /** Where it is kept how soon the repository answers; absent: nowhere. */
  readonly responseTimes?: ResponseTimes;
  /** How many large bodies are taken in at once; absent: no limit. */
  readonly uploads?: UploadSlots;
  /** Adds routes that are described with these, and let in whoever they do in their own way. */
  readonly beside?: (server: WebServer) => Promise<void>;
  /** How a request's client certificate is read; from the TLS connection if left out. */
  readonly readClientCertificate?: ReadClientCertificate;
}
