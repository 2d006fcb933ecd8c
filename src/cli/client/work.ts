import type { Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import type { Output } from "../output.ts";
import type { ClientBatch } from "./batches.ts";
import type { JournalEntry } from "./journal.ts";
import type { PathCheckOf } from "./match-certificate.ts";
import type { HttpService } from "./service.ts";
import type { AfterStep } from "./steps.ts";

/** What the client works with on one folder. */
export interface Work {
  readonly folder: string;
  /** Where journal and answers lie. */
  readonly stateFolder: string;
  readonly batches: readonly ClientBatch[];
  /** Writes down what was done, durably. */
  readonly record: (entry: JournalEntry) => void;
  readonly service: HttpService;
  /** The SMKI Repository, for certificates that were issued under a lost answer. */
  readonly retrieve: ((serialNumber: string) => Promise<Buffer | undefined>) | undefined;
  readonly judge: PathCheckOf | undefined;
  readonly rules: Pick<Rulebook, "batchPolling" | "maximumBatchSize">;
  readonly clock: Clock;
  readonly output: Output;
  readonly afterStep: AfterStep;
}
