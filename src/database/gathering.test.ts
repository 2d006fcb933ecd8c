import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { SmkiError } from "../errors/smki-error.ts";
import { Gathering } from "./gathering.ts";

describe("questions that are asked at about the same time", () => {
  test("are answered in one round, and those that come meanwhile in the next", async () => {
    const rounds: string[][] = [];
    const gathering = new Gathering<string, string>(async (questions) => {
      rounds.push([...questions]);
      await sleep(5);
      return questions.map((question) => question.toUpperCase());
    });
    const first = [gathering.ask("a"), gathering.ask("b")];
    await sleep(2);
    const next = [gathering.ask("c"), gathering.ask("d")];
    expect(await Promise.all([...first, ...next])).toEqual(["A", "B", "C", "D"]);
    expect(await gathering.ask("e")).toBe("E");
    expect(rounds).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  test("are no more in a round than it takes", async () => {
    const rounds: number[] = [];
    const gathering = new Gathering<number, number>(async (questions) => {
      rounds.push(questions.length);
      return questions;
    }, 2);
    expect(await Promise.all([1, 2, 3, 4, 5].map((question) => gathering.ask(question)))).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(rounds).toEqual([2, 2, 1]);
  });

  test("have each an answer or a refusal of their own", async () => {
    const gathering = new Gathering<number, number>(async (questions) =>
      questions.map((question) => (question === 2 ? new SmkiError("BATCH_EMPTY") : question)),
    );
    const answers = await Promise.allSettled([1, 2, 3].map((question) => gathering.ask(question)));
    expect(answers).toMatchObject([
      { value: 1 },
      { reason: expect.objectContaining({ code: "BATCH_EMPTY" }) },
      { value: 3 },
    ]);
  });

  test("all fail when their round fails, and the next round is answered", async () => {
    let isAway = true;
    const gathering = new Gathering<number, number>((questions) =>
      isAway ? Promise.reject(new SmkiError("DATABASE_UNAVAILABLE")) : Promise.resolve(questions),
    );
    const answers = await Promise.allSettled([gathering.ask(1), gathering.ask(2)]);
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    isAway = false;
    expect(await gathering.ask(3)).toBe(3);
  });
});
