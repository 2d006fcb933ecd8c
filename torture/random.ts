import { hash } from "node:crypto";

/** Numbers that look random and are the same each time for one seed (a counter through SHA-256). */
export class Random {
  readonly #seed: string;
  #count = 0;

  constructor(...seed: readonly (string | number)[]) {
    this.#seed = seed.join(" ");
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    this.#count += 1;
    const octets = hash("sha256", `${this.#seed} ${String(this.#count)}`, "buffer");
    // 48 bits over a bound of thousands: the bias is far below what anybody could see.
    return octets.readUIntBE(0, 6) % bound;
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("nothing to pick from");
    return items[this.below(items.length)] as Item;
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    return items.flatMap(() => left.splice(this.below(left.length), 1));
  }
}
