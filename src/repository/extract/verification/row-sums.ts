import { hash, randomBytes } from "node:crypto";

/** What one side says of one thing. */
export interface Statement {
  /** For example `certificate 0123…`: each side says one thing of it, once. */
  readonly about: string;
  readonly value: string;
}

/** How the sides differ over one thing. */
export interface Difference {
  readonly about: string;
  readonly problem: "missing" | "foreign" | "altered" | "twice" | "recorded twice";
}

const bucketCount = 0x1_0000;
const lanes = 8;
/** Statements held in memory at a time when differences are named. */
const mostHeld = 200_000;

/**
 * Sums over all statements of both sides, one side added and the other taken away, at 2.4 MB for any number of them: equal
 * sides leave zero everywhere, in whatever order they came. A difference leaves its bucket non-zero, and only those
 * buckets are looked at again. Each counts as its SHA-256 under a key that is drawn for this run, so that whoever made
 * one side could not choose statements that cancel out or crowd one bucket.
 */
export class RowSums {
  readonly #key = randomBytes(32).toString("hex");
  readonly #sums = new Uint32Array(bucketCount * lanes);
  readonly #counts = new Int32Array(bucketCount);
  recorded = 0;
  extracted = 0;

  addRecorded(statement: Statement): void {
    this.recorded += 1;
    this.#add(statement, 1);
  }

  addExtracted(statement: Statement): void {
    this.extracted += 1;
    this.#add(statement, -1);
  }

  #add({ about, value }: Statement, sign: 1 | -1): void {
    const bucket = this.#bucketOf(about);
    const item = hash("sha256", `${this.#key}:${about}=${value}`, "buffer");
    for (let lane = 0; lane < lanes; lane += 1) {
      const at = bucket * lanes + lane;
      // The array keeps sums modulo 2^32.
      this.#sums[at] = (this.#sums[at] ?? 0) + sign * item.readUInt32LE(lane * 4);
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + sign;
  }

  #bucketOf(about: string): number {
    return hash("sha256", `${this.#key}:${about}`, "buffer").readUInt16LE();
  }

  /** The buckets in which the sides differ. */
  #differing(): number[] {
    const differing: number[] = [];
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const sums = this.#sums.subarray(bucket * lanes, (bucket + 1) * lanes);
      if (this.#counts[bucket] !== 0 || sums.some((sum) => sum !== 0)) differing.push(bucket);
    }
    return differing;
  }

  /**
   * Names the differences: a pass over both sides for each group of buckets.
   *
   * @param recorded - gives that side again, from the start
   * @param most - differences to name
   */
  async *differences(
    recorded: () => AsyncIterable<Statement>,
    extracted: () => AsyncIterable<Statement>,
    most: number,
  ): AsyncGenerator<Difference> {
    const differing = this.#differing();
    const perBucket = Math.max(1, Math.max(this.recorded, this.extracted) / bucketCount);
    const groupSize = Math.max(1, Math.floor(mostHeld / perBucket));
    let named = 0;
    for (let start = 0; start < differing.length; start += groupSize) {
      const buckets = new Set(differing.slice(start, start + groupSize));
      for await (const difference of this.#differencesIn(buckets, recorded, extracted)) {
        if (named === most) return;
        named += 1;
        yield difference;
      }
    }
  }

  async *#differencesIn(
    buckets: ReadonlySet<number>,
    recorded: () => AsyncIterable<Statement>,
    extracted: () => AsyncIterable<Statement>,
  ): AsyncGenerator<Difference> {
    const held = new Map<string, string>();
    for await (const { about, value } of recorded()) {
      if (!buckets.has(this.#bucketOf(about))) continue;
      if (held.has(about)) yield { about, problem: "recorded twice" };
      held.set(about, value);
    }
    const seen = new Set<string>();
    for await (const { about, value } of extracted()) {
      if (!buckets.has(this.#bucketOf(about))) continue;
      if (seen.has(about)) yield { about, problem: "twice" };
      else if (!held.has(about)) yield { about, problem: "foreign" };
      else if (held.get(about) !== value) yield { about, problem: "altered" };
      seen.add(about);
    }
    for (const about of held.keys()) if (!seen.has(about)) yield { about, problem: "missing" };
  }
}
