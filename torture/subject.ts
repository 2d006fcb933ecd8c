import type { Strikeable } from "./plan.ts";
import type { Random } from "./random.ts";
import type { TortureServer } from "./server.ts";
import type { Point, Side, Strike } from "./strike.ts";

/** Something that is killed and must go on. To add one is one file in `subjects/`, and its line in `subjects/all.ts`. */
export interface Subject extends Strikeable {
  /** Founds what a set of kills is made on. */
  readonly found: () => Promise<Site>;
}

/** What one set of kills of one subject works on: an estate, and what the world outside knows of it. */
export interface Site {
  /**
   * Puts load on it, kills at the point, recovers by the path of every day, and checks everything.
   *
   * @throws whatever does not hold
   */
  readonly kill: (strike: Strike, random: Random) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Where a subject's sites are founded. */
export interface SubjectPlace {
  readonly server: TortureServer;
  /** A name for a database that no other has. */
  readonly nextName: () => string;
}

/** The points of a subject, from its own list of steps. */
export const pointsOf = <Step extends string>(
  steps: readonly Step[],
  sides: Readonly<Record<Step, Side>>,
): Point[] => steps.map((step) => ({ step, side: sides[step] }));
