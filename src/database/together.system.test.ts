import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "./testkit.ts";
import { together } from "./together.ts";

let held: TestDatabase;
beforeAll(async () => {
  held = await testDatabase(1);
  await held.database.transaction((tx) => sql`create table note (n int primary key)`.execute(tx));
});
afterAll(() => held.drop());

const notes = () =>
  held.database.read(async (tx) => {
    const { rows } = await sql<{ n: number }>`select n from note order by n`.execute(tx);
    return rows.map(({ n }) => n);
  });

describe("Statements that are asked for at once", () => {
  test("are carried out in their order, and each gets its own answer", async () => {
    const answers = await held.database.transaction((tx) =>
      together(
        sql`insert into note values (1)`.execute(tx),
        sql<{ n: number }>`select max(n) as n from note`.execute(tx),
        sql`insert into note select max(n) + 1 from note`.execute(tx),
        sql<{ n: number }>`select max(n) as n from note`.execute(tx),
      ),
    );
    expect([answers[1].rows, answers[3].rows]).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    expect(await notes()).toEqual([1, 2]);
  });

  test("are undone together, and the failure told is the one that came first", async () => {
    const failing = held.database.transaction((tx) =>
      together(
        sql`insert into note values (3)`.execute(tx),
        sql`insert into note values (1)`.execute(tx),
        sql`insert into note values (4)`.execute(tx),
      ),
    );
    // Not "current transaction is aborted", which the third is told.
    await expect(failing).rejects.toMatchObject({ cause: { code: "23505" } });
    expect(await notes()).toEqual([1, 2]);
  });

  test("are all over before the transaction ends, whatever becomes of one", async () => {
    const failing = held.database.transaction((tx) =>
      together(
        sql`insert into note values (1)`.execute(tx),
        (async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          await sql`insert into note values (5)`.execute(tx);
        })(),
      ),
    );
    await expect(failing).rejects.toMatchObject({ cause: { code: "23505" } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await notes()).toEqual([1, 2]);
  });
});
