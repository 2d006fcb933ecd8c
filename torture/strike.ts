/** What is killed with SIGKILL: the process at work, the PostgreSQL server below it, or both at once. */
export type Weapon = "process" | "server" | "machine";

/** Where a named step stands to the commit that makes it last. */
export type Side = "before" | "after" | "between";

/** A named step of a subject. */
export interface Point {
  readonly step: string;
  /** `before`: the next thing is a commit or its like; `after`: it has just taken place; `between`: neither. */
  readonly side: Side;
}

/** The point of a kill at no step: some moment after the process is at work. */
export const anyMoment: Point = { step: "any moment", side: "between" };

/** One kill, as it is planned. */
export interface Strike {
  readonly point: Point;
  readonly weapon: Weapon;
  /** The kill is at this pass of the step, from 1. */
  readonly pass: number;
  /** For a kill at any moment: so long after the process is at work. */
  readonly delayMilliseconds: number;
}
