import { SmkiError } from "../errors/smki-error.ts";

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers those who ask at about the same time together: one statement or one transaction for all of them. What is asked
 * while a round is under way waits for the next, so that rounds grow with the load, and one who is alone hardly waits.
 */
export class Gathering<Question, Answer> {
  readonly #work: (questions: readonly Question[]) => Promise<readonly (Answer | SmkiError)[]>;
  readonly #most: number;
  readonly #waiting: Waiting<Question, Answer>[] = [];
  #isUnderWay = false;

  /**
   * @param work - answers in the order of the questions; an error among them is for the one who asked. What it throws is
   *   told to all of the round
   * @param most - questions in one round
   */
  constructor(
    work: (questions: readonly Question[]) => Promise<readonly (Answer | SmkiError)[]>,
    most = 256,
  ) {
    this.#work = work;
    this.#most = most;
  }

  ask(question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ question, resolve, reject });
    if (!this.#isUnderWay) {
      this.#isUnderWay = true;
      // What has come in already is read first.
      setImmediate(() => void this.#goRound());
    }
    return promise;
  }

  async #goRound(): Promise<void> {
    while (this.#waiting.length > 0) {
      const round = this.#waiting.splice(0, this.#most);
      try {
        const answers = await this.#work(round.map(({ question }) => question));
        for (const [index, { resolve, reject }] of round.entries()) {
          const answer = answers[index];
          if (answer instanceof SmkiError) reject(answer);
          else if (answer === undefined) reject(new SmkiError("INTERNAL"));
          else resolve(answer);
        }
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    this.#isUnderWay = false;
  }
}
