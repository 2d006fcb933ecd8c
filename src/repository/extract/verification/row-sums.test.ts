import fc from "fast-check";
import { expect, test } from "vitest";
import { type Difference, RowSums, type Statement } from "./row-sums.ts";

const statement = fc.record({ about: fc.string({ maxLength: 3 }), value: fc.constantFrom("x", "y") });
const side = fc.uniqueArray(statement, { selector: ({ about }) => about, maxLength: 30 });

async function* given(statements: readonly Statement[]): AsyncGenerator<Statement> {
  yield* await Promise.resolve(statements);
}

async function compare(
  recorded: readonly Statement[],
  extracted: readonly Statement[],
): Promise<Difference[]> {
  const sums = new RowSums();
  for (const one of recorded) sums.addRecorded(one);
  for (const one of extracted) sums.addExtracted(one);
  const found: Difference[] = [];
  for await (const difference of sums.differences(
    () => given(recorded),
    () => given(extracted),
    1_000,
  ))
    found.push(difference);
  return found;
}

test("Sides that say the same in any order do not differ", async () => {
  await fc.assert(
    fc.asyncProperty(side, fc.nat(), async (statements, turn) => {
      const at = turn % (statements.length + 1);
      const turned = [...statements.slice(at), ...statements.slice(0, at)];
      expect(await compare(statements, turned)).toEqual([]);
    }),
  );
});

test("What one side says and the other does not, or says otherwise, is named, each once", async () => {
  await fc.assert(
    fc.asyncProperty(side, side, async (recorded, extracted) => {
      const valueIn = (statements: readonly Statement[]) =>
        new Map(statements.map(({ about, value }) => [about, value]));
      const [left, right] = [valueIn(recorded), valueIn(extracted)];
      const expected = new Map<string, Difference["problem"]>();
      for (const about of left.keys()) if (!right.has(about)) expected.set(about, "missing");
      for (const [about, value] of right)
        if (!left.has(about)) expected.set(about, "foreign");
        else if (left.get(about) !== value) expected.set(about, "altered");
      const found = await compare(recorded, extracted);
      expect(found).toHaveLength(expected.size);
      expect(new Map(found.map(({ about, problem }) => [about, problem]))).toEqual(expected);
    }),
  );
});

test("A thing that is said twice on one side is named, on either", async () => {
  const one = { about: "a", value: "x" };
  expect(await compare([one], [one, one])).toEqual([{ about: "a", problem: "twice" }]);
  expect(await compare([one, one], [one])).toEqual([{ about: "a", problem: "recorded twice" }]);
});
