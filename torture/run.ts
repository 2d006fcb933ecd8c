import { strikeAt } from "./plan.ts";
import { Random } from "./random.ts";
import { startTortureServer, type TortureServer } from "./server.ts";
import type { Strike } from "./strike.ts";
import type { Subject, SubjectPlace } from "./subject.ts";

/** What a run is asked to do. */
export interface RunOptions {
  readonly seed: number;
  /** The number of the last kill; the first is 1. */
  readonly kills: number;
  /** Kills on one estate, before the next is founded. */
  readonly killsOfOneSite: number;
  /** The first kill that is wanted: those before it on the same estate are made too, those before that are not. */
  readonly from: number;
  readonly subjects: readonly (readonly [name: string, make: (place: SubjectPlace) => Subject])[];
  /** Subjects at the same time, each with a server of its own. */
  readonly lanes: number;
  /** Ends the run after the kills that are under way. */
  readonly stop?: AbortSignal;
  readonly onKill: (kill: Kill) => void;
}

/** One kill that was made, recovered from and found to hold. */
export interface Kill {
  readonly number: number;
  readonly subject: string;
  readonly strike: Strike;
  readonly milliseconds: number;
}

/** A kill after which something did not hold. */
export class KillFailure extends Error {
  readonly number: number;

  constructor(number: number, subject: string, { point, weapon, pass }: Strike, cause: unknown) {
    super(
      `kill ${String(number)} (${subject}, ${weapon}, at ${point.step}, pass ${String(pass)}): ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.number = number;
  }
}

/**
 * Makes every kill. They come in sets, each on an estate of its own; set after set goes to the next subject. What a
 * set does depends on the seed and its number alone, so that a failure is repeated from the first kill of its set.
 *
 * @throws KillFailure the first one; the other lane ends its kill first
 */
export async function runKills(options: RunOptions): Promise<void> {
  const { kills, killsOfOneSite, from, lanes } = options;
  const sets = Math.ceil(kills / killsOfOneSite);
  let next = Math.floor((from - 1) / killsOfOneSite);
  const failures: unknown[] = [];
  const isOver = () => failures.length > 0 || options.stop?.aborted === true;
  const lane = async () => {
    const server = await startTortureServer();
    try {
      while (next < sets && !isOver()) {
        const set = next;
        next += 1;
        await runSet(options, set, server, isOver);
      }
    } catch (error) {
      failures.push(error);
    } finally {
      await server.stop();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw failures[0];
}

async function runSet(
  { seed, kills, killsOfOneSite, subjects, onKill }: RunOptions,
  set: number,
  server: TortureServer,
  isOver: () => boolean,
): Promise<void> {
  const [, make] = subjects[set % subjects.length] ?? [];
  if (make === undefined) throw new RangeError("no subject");
  const subject = make({ server, nextName: () => `set_${String(set)}` });
  const first = set * killsOfOneSite;
  const site = await subject.found();
  try {
    for (let index = 0; index < killsOfOneSite && first + index < kills && !isOver(); index += 1) {
      const number = first + index + 1;
      const strike = strikeAt(seed, subject, Math.floor(set / subjects.length) * killsOfOneSite + index);
      const began = performance.now();
      try {
        await site.kill(strike, new Random("load", seed, number));
      } catch (error) {
        throw new KillFailure(number, subject.name, strike, error);
      }
      onKill({ number, subject: subject.name, strike, milliseconds: performance.now() - began });
    }
  } finally {
    await site.close();
  }
}
