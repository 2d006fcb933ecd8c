import { Random } from "./random.ts";
import { anyMoment, type Point, type Strike, type Weapon } from "./strike.ts";

/** What a plan needs to know of a subject. */
export interface Strikeable {
  readonly name: string;
  readonly points: readonly Point[];
  /** What may be killed. The first is the usual one. */
  readonly weapons: readonly Weapon[];
}

const longestDelayMilliseconds = 900;
/** One kill in so many is at no named step. */
const atAnyMomentOneIn = 8;
/** One kill in so many takes the server, alone or with the process. */
const ofTheServerOneIn = 6;

/**
 * The kill of that number, from 0, of one subject: the same for the same seed, whatever was killed before. The first
 * ones take each named step once; then one each is at any moment, with each weapon; then chance decides.
 */
export function strikeAt(seed: number, subject: Strikeable, number: number): Strike {
  const random = new Random("strike", seed, subject.name, number);
  const { points, weapons } = subject;
  const [usual = "process", ...others] = weapons;
  const delayMilliseconds = random.below(longestDelayMilliseconds);
  const first = new Random("order", seed, subject.name).shuffle(points)[number];
  if (first !== undefined) return { point: first, weapon: usual, pass: 1, delayMilliseconds };
  const second = weapons[number - points.length];
  if (second !== undefined) return { point: anyMoment, weapon: second, pass: 1, delayMilliseconds };
  const point = random.oneIn(atAnyMomentOneIn) ? anyMoment : random.pick(points);
  const takesServer = others.length > 0 && random.oneIn(ofTheServerOneIn);
  const weapon = takesServer ? random.pick(others) : usual;
  return { point, weapon, pass: random.between(1, 3), delayMilliseconds };
}
