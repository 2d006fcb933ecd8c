import { SmkiError } from "../../errors/smki-error.ts";

/** How many times what one certificate may cost all of them may cost together, besides what each brings with it. */
const certificatesAtFullCost = 20;

/**
 * What may be spent on one certificate, out of what may be spent on all: in a bundle made to be costly each certificate
 * would use its own up, thousands of times. What an honest one needs is always there.
 */
export class Allowance {
  readonly #each: number;
  readonly #brought: number;
  readonly #detail: string;
  #left: number;
  #ofAll: number;

  /**
   * @param each - most that may be spent between two renewals
   * @param brought - what a renewal adds for all: more than an honest certificate needs
   * @param detail - the name under which the error tells `each`
   */
  constructor(each: number, brought: number, detail: string) {
    this.#each = each;
    this.#brought = brought;
    this.#detail = detail;
    this.#left = each;
    this.#ofAll = certificatesAtFullCost * each;
  }

  /** For the next certificate, or the next phase of its work. */
  renew(): void {
    this.#ofAll += this.#brought;
    this.#left = Math.min(this.#each, this.#ofAll);
  }

  /** @throws SmkiError PATH_BUDGET_EXCEEDED when less is left */
  spend(cost: number): void {
    if (cost > this.#left) throw new SmkiError("PATH_BUDGET_EXCEEDED", { [this.#detail]: this.#each });
    this.#left -= cost;
    this.#ofAll -= cost;
  }
}

/** Of signatures: unless the caller says otherwise about a tenth of a second of ECDSA on P-256. */
export const signatureAllowance = (each = 1_000): Allowance => new Allowance(each, 10, "signatureBudget");

/** Of certificates that are tried as the next of a path: of an honest pool it takes three. */
export const stepAllowance = (): Allowance => new Allowance(10_000, 20, "stepBudget");
