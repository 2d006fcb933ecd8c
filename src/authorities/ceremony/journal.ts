import type { Tx } from "../../database/transaction.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import { insertStep, type JournaledStep, selectSteps } from "./journal-store.ts";

/** What a step tells when it is done. */
export interface StepResult {
  /** In words that a witness can check. */
  readonly words: string;
  /** What it made, to go on with after a crash: nothing secret. */
  readonly artefact?: Buffer;
}

/**
 * The journal of one ceremony: what is done stands in it with what it made, and is not done again. A step is
 * done first and journaled then; so each must be one that can be done anew when its entry is missing.
 */
export class Journal {
  readonly #room: CeremonyRoom;
  readonly #ceremonyId: number;
  readonly #sitting: number;
  readonly #lost: AbortSignal;
  readonly #done: Map<string, JournaledStep>;

  private constructor(
    room: CeremonyRoom,
    at: { readonly ceremonyId: number; readonly sitting: number; readonly lost: AbortSignal },
    done: readonly JournaledStep[],
  ) {
    this.#room = room;
    this.#ceremonyId = at.ceremonyId;
    this.#sitting = at.sitting;
    this.#lost = at.lost;
    this.#done = new Map(done.map((step) => [step.name, step]));
  }

  /** @param at - the ceremony, the sitting that goes on with it, and what tells that its lock was lost */
  static async open(
    room: CeremonyRoom,
    at: { readonly ceremonyId: number; readonly sitting: number; readonly lost: AbortSignal },
  ): Promise<Journal> {
    return new Journal(room, at, await room.database.read((tx) => selectSteps(tx, at.ceremonyId)));
  }

  /** Every step that is journaled. */
  get done(): readonly JournaledStep[] {
    return [...this.#done.values()];
  }

  /**
   * Does a step and journals it, unless it is journaled already.
   *
   * @param name - unique in the ceremony
   * @returns what the step made
   */
  async step(name: string, work: () => Promise<StepResult> | StepResult): Promise<Buffer> {
    const known = this.#done.get(name);
    if (known !== undefined) return known.artefact ?? Buffer.alloc(0);
    await this.#room.afterStep?.("doing", name);
    // Without the lock another sitting may have begun, and destroyed what this one made.
    this.#lost.throwIfAborted();
    const result = await work();
    // A crash from here to the commit leaves what the step made, and no entry: the step destroys it and makes another.
    await this.#room.afterStep?.("journaling", name);
    const step = this.#entry(name, result);
    await this.#room.database.transaction((tx) => insertStep(tx, this.#ceremonyId, step));
    this.#done.set(name, step);
    await this.#room.afterStep?.("journaled", name);
    this.#room.onStep?.(result.words);
    return result.artefact ?? Buffer.alloc(0);
  }

  /** Journals what the ceremony's own transaction did, in it. It may run twice, so it keeps nothing here. */
  async write(tx: Tx, steps: readonly (StepResult & { readonly name: string })[]): Promise<void> {
    for (const [index, { name, ...result }] of steps.entries())
      await insertStep(tx, this.#ceremonyId, this.#entry(name, result, index));
  }

  #entry(name: string, { words, artefact }: StepResult, after = 0): JournaledStep {
    return {
      number: this.#done.size + after + 1,
      sitting: this.#sitting,
      name,
      words,
      at: this.#room.clock(),
      ...(artefact === undefined ? {} : { artefact }),
    };
  }
}
