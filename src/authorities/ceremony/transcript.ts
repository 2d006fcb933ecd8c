import { hash } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Clock } from "../../time/clock.ts";

/** What every ceremony is asked to be. */
export interface CeremonyRequest {
  readonly purpose: string;
  /** Names of the persons who watch; at least as many as the rulebook asks, all different. */
  readonly witnesses: readonly string[];
  /** The witnesses are made up, for a demonstration; the record says so on its face. */
  readonly sampleWitnesses: boolean;
  readonly environment: "test" | "live";
  readonly software: string;
}

/** The record of a ceremony while it is held: each step with its time, in the words a witness can check. */
export class Transcript {
  readonly #clock: Clock;
  readonly #lines: string[] = [];
  readonly #onStep: (step: string) => void;
  #steps = 0;

  /** @param onStep - told of each step as it is done, for the person at the machine */
  constructor(request: CeremonyRequest, clock: Clock, onStep: (step: string) => void = () => undefined) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#lines.push(
      "OpenSMKI ceremony record",
      `environment: ${request.environment}`,
      `purpose: ${request.purpose}`,
      `begun: ${clock().toISOString()}`,
      `software: ${request.software}`,
      ...request.witnesses.map(
        (name) => `witness: ${name}${request.sampleWitnesses ? " (sample, no real person)" : ""}`,
      ),
    );
  }

  step(text: string): void {
    this.#steps += 1;
    this.#lines.push(`step ${String(this.#steps)}, ${this.#clock().toISOString()}: ${text}`);
    this.#onStep(text);
  }

  /** A statement that is no step, such as the ledger's checkpoint before. */
  state(text: string): void {
    this.#lines.push(text);
  }

  /** The record so far; every line ends. */
  get text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** SHA-256 in the form that people read to each other. */
export function fingerprint(octets: Uint8Array): string {
  return hash("sha256", octets, "hex").replace(/(.{8})(?=.)/g, "$1 ");
}

const longestName = 200;
/** Control and format characters, and what breaks a line (Unicode categories Cc, Cf, Co, Zl, Zp). */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u;

/**
 * Refuses a ceremony without enough witnesses, or with one person counted twice.
 *
 * @param needed - from the rulebook
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, WITNESS_NAME_INVALID: a name is one line of the signed record, where
 *   a line break would forge another, and no signed note takes a control character
 */
export function requireWitnesses(witnesses: readonly string[], needed: number): void {
  for (const name of witnesses)
    if (name.length > longestName || !name.isWellFormed() || unseen.test(name))
      throw new SmkiError("WITNESS_NAME_INVALID", { name: JSON.stringify(name.slice(0, longestName)) });
  const different = new Set(witnesses.map((name) => name.trim().toLowerCase().replace(/\s+/g, " ")));
  different.delete("");
  if (different.size < needed || different.size < witnesses.length)
    throw new SmkiError("CEREMONY_WITNESSES_NEEDED", { needed, given: different.size });
}
