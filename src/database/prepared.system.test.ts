import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepared } from "./prepared.ts";
import { type TestDatabase, testDatabase } from "./testkit.ts";

let held: TestDatabase;
beforeAll(async () => {
  held = await testDatabase(1);
});
afterAll(() => held.drop());

test("A statement with the mark is prepared once for its connection, others are not, and both answer alike", async () => {
  const found = await held.database.read(async (tx) => {
    const answers: number[] = [];
    for (const value of [1, 2, 3, 4, 5, 6, 7]) {
      const marked = await sql<{ n: number }>`${prepared} select ${value}::int + 1 as n`.execute(tx);
      const plain = await sql<{ n: number }>`select ${value}::int + 2 as n`.execute(tx);
      answers.push(...[...marked.rows, ...plain.rows].map(({ n }) => n));
    }
    const { rows } = await sql<{ statement: string }>`
      select statement from pg_prepared_statements`.execute(tx);
    return { answers, statements: rows.map(({ statement }) => statement) };
  });
  expect(found.answers).toEqual([2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9]);
  expect(found.statements).toEqual(["/* prepared */ select $1::int + 1 as n"]);
  // A failure leaves the statement usable.
  const failing = held.database.read((tx) => sql`${prepared} select 1 / ${0}::int`.execute(tx));
  await expect(failing).rejects.toMatchObject({ code: "DATABASE_FAILED" });
});
