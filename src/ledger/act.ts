/** Values a leaf may hold: identifiers and hashes only, never personal data. */
export type ActValue =
  | string
  | number
  | boolean
  | null
  | readonly ActValue[]
  | { readonly [name: string]: ActValue };

/** Something that was done. It becomes one leaf of the ledger. */
export interface Act {
  /** What was done, a dotted name in the field's words, for example `certificate.issued`. */
  readonly kind: string;
  /** When, as given by the clock of the one who did it. */
  readonly at: Date;
  /** Who: a principal's identifier such as `credential:10a3…`, `operator:local`, or `system`. */
  readonly by: string;
  /** What it concerned: identifiers and hashes. */
  readonly subject: { readonly [name: string]: ActValue };
}
