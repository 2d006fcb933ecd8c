import type { Findings } from "./finding.ts";

/** A leaf whose row does not have the bytes that the tree was made from. */
export interface LeafMismatch {
  readonly leaf: number;
  /** The hash in the tree, hex; undefined when the tree has no such leaf, or its hash is lost too. */
  readonly expected?: string;
  /** The hash of the row's bytes, hex; undefined when there is no row. */
  readonly actual?: string;
  /** The kind of the act in the row, where it can be read. */
  readonly act?: string;
}

/**
 * Says of each mismatch what was done: where the bytes of one leaf stand at another they were moved, and what
 * pushed them aside was inserted.
 */
export function nameMismatches(mismatches: readonly LeafMismatch[], findings: Findings): void {
  const homes = new Map(
    mismatches.flatMap(({ expected, leaf }) => (expected === undefined ? [] : [[expected, leaf]])),
  );
  const places = new Map(
    mismatches.flatMap(({ actual, leaf }) => (actual === undefined ? [] : [[actual, leaf]])),
  );
  for (const { leaf, expected, actual, act } of mismatches) {
    const home = actual === undefined ? undefined : homes.get(actual);
    const place = expected === undefined ? undefined : places.get(expected);
    const where = { leaf, ...(act === undefined ? {} : { act }) };
    const now = place === undefined ? "" : `; the recorded one now stands at leaf ${String(place)}`;
    if (actual === undefined) {
      findings.add({ ...where, kind: "leaf-deleted", what: `no entry stands here${now}` });
    } else if (home !== undefined) {
      findings.add({
        ...where,
        kind: "leaf-moved",
        what: `the entry of leaf ${String(home)} stands here${now}`,
      });
    } else if (expected === undefined || place !== undefined) {
      findings.add({
        ...where,
        kind: "leaf-inserted",
        what: `an entry that was never given this leaf stands here${now}`,
      });
    } else {
      findings.add({
        ...where,
        kind: "leaf-altered",
        what: "the entry's bytes are not those that were recorded",
      });
    }
  }
}
