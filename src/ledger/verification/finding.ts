/** What can be wrong with a ledger. */
export type FindingKind =
  | "leaf-deleted"
  | "leaf-altered"
  | "leaf-moved"
  | "leaf-inserted"
  | "leaves-rewritten"
  | "leaf-malformed"
  | "bundle-damaged"
  | "tile-missing"
  | "tile-wrong"
  | "tile-beyond-tree"
  | "checkpoint-signature"
  | "checkpoint-size"
  | "checkpoint-root"
  // By a checkpoint that was kept elsewhere.
  | "history-rewritten"
  | "rolled-back"
  | "certificate-without-leaf"
  | "certificate-missing"
  | "certificate-altered"
  | "certificate-recorded-twice"
  // Of what another duty holds and the ledger tells of, found by that duty.
  | "record-without-leaf"
  | "record-missing"
  | "record-altered";

/** One thing that does not hold, and where. */
export interface LedgerFinding {
  readonly kind: FindingKind;
  /** One sentence for people, without a final stop. */
  readonly what: string;
  /** The leaf, or the first of a range. */
  readonly leaf?: number;
  /** The kind of the act that stands at the leaf, where it can be read. */
  readonly act?: string;
  /** The path of the tile or entry bundle (C2SP tlog-tiles). */
  readonly tile?: string;
  /** The checkpoint's size. */
  readonly checkpoint?: number;
  readonly serialNumber?: string;
}

/** Collects findings: names so many of them and counts the rest, so that memory stays bounded. */
export class Findings {
  readonly named: LedgerFinding[] = [];
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(finding: LedgerFinding): void {
    this.#count += 1;
    if (this.named.length < this.#most) this.named.push(finding);
  }

  /** All that were found, the named and the others. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.named.length >= this.#most;
  }
}
