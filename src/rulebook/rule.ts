/**
 * How sure a rule's value is.
 *
 * - `read`: in a public source
 * - `decoded`: out of real certificates, octet by octet
 * - `recalled-high`, `recalled-medium`, `recalled-low`: known, with that confidence; the text is not at hand
 * - `chosen`: the Code says nothing that is public, and this is the least surprising value
 */
export type Certainty = "read" | "decoded" | "recalled-high" | "recalled-medium" | "recalled-low" | "chosen";

/** Whom a rule binds. `operator` is whoever runs OpenSMKI, where the choice is ours and not the Code's. */
export type Bound =
  | "DCC"
  | "Device CA"
  | "Organisation CA"
  | "IKI CA"
  | "every CA"
  | "Registration Authority"
  | "Authorised Subscriber"
  | "SMKI PMA"
  | "operator";

/** What a number counts. `months` and `years` are of the calendar. */
export type Unit =
  | "milliseconds"
  | "seconds"
  | "minutes"
  | "hours"
  | "days"
  | "months"
  | "years"
  | "octets"
  | "bits"
  | "digits"
  | "CSRs"
  | "certificates"
  | "persons"
  | "attempts"
  | "percent";

/** One rule of the Code: what it says, where it says so, whom it binds, and how sure we are of it. */
export interface Rule<Value> {
  /** Where the Code says it, for example `L8.1(a)` or `Appendix M 2.3.1.7`; of a chosen value, where it would stand. */
  readonly clause: string;
  /** The rule in one sentence, without the value. */
  readonly meaning: string;
  readonly value: Value;
  readonly unit?: Unit;
  readonly binds: Bound;
  /** The public source of the value; of a chosen value, the reason for it. */
  readonly source: string;
  readonly certainty: Certainty;
}

/** Types one rule; a literal value is widened, so that editions can differ in it. */
export function rule<Value>(of: Rule<Value>): Rule<Value> {
  return of;
}
