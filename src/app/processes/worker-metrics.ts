import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { TellStep } from "../../authorities/issuing/step-timer.ts";
import { isSmkiError } from "../../errors/smki-error.ts";

/** Seconds: of a single CSR's step, of a chunk's of 1,000, and of one that waits for a module or a disk. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Loops of a worker that meet failures and go on after them. */
export type WorkerLoop = "issuing" | "sequencing" | "lists";

/** A failure is tried again within a second or two: one that was not seen for so long is over, in milliseconds. */
const overAfter = 5_000;

/** What one worker did since it started, for Prometheus; and whether it can do its work just now. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #now: () => number;
  readonly #troubles = new Map<WorkerLoop, { readonly code: string; readonly at: number }>();
  readonly #chunks = this.#counter(
    "smki_worker_chunks_total",
    "Chunks of CSRs by what the work came to: finished, held for a person, waiting for a CA or its key",
    "result",
  );
  readonly #batches = this.#counter(
    "smki_worker_batches_checked_total",
    "Approved batches that were compared with their receipt, by what was found",
    "result",
  );
  readonly #requests = this.#counter(
    "smki_worker_requests_total",
    "CSRs by the step that they went through; those published have their certificate",
    "step",
  );
  readonly #steps = new Histogram({
    name: "smki_worker_step_duration_seconds",
    help: "Time of each step, for a chunk or for the single CSRs that were worked on together",
    labelNames: ["step"],
    buckets,
    registers: [this.registry],
  });
  readonly #signed = this.#counter(
    "smki_worker_signed_total",
    "What else this worker signed: checkpoints of the ledger, revocation lists",
    "what",
  );
  readonly #failures = this.#counter(
    "smki_worker_failures_total",
    "Failures after which a loop paused and tried again",
    "loop",
  );

  /** @param now - a clock that never goes back, in milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
    collectDefaultMetrics({ register: this.registry });
  }

  #counter(name: string, help: string, label: string) {
    return new Counter({ name, help, labelNames: [label], registers: [this.registry] });
  }

  chunk(result: string): void {
    this.#chunks.inc({ result });
    this.well("issuing");
  }

  batch(result: string): void {
    this.#batches.inc({ result });
  }

  readonly step: TellStep = (step, seconds, requests) => {
    this.#steps.observe({ step }, seconds);
    this.#requests.inc({ step }, requests);
  };

  signed(what: "checkpoint" | "list"): void {
    this.#signed.inc({ what });
    this.well(what === "checkpoint" ? "sequencing" : "lists");
  }

  failed(loop: WorkerLoop, error: unknown): void {
    this.#failures.inc({ loop });
    this.#troubles.set(loop, { code: isSmkiError(error) ? error.code : "INTERNAL", at: this.#now() });
  }

  /** A loop did its work: what it met before is over. */
  well(loop: WorkerLoop): void {
    this.#troubles.delete(loop);
  }

  /** Why this worker cannot do its work just now, in one line; undefined when it can. */
  trouble(): string | undefined {
    const now = this.#now();
    const current = [...this.#troubles].filter(([, { at }]) => now - at < overAfter);
    if (current.length === 0) return undefined;
    return current.map(([loop, { code }]) => `${loop} paused: ${code}`).join("; ");
  }
}
