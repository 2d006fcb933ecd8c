import { sql } from "kysely";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { notify } from "./connect.ts";
import { type TestDatabase, testDatabase } from "./testkit.ts";

let kit: TestDatabase;
beforeAll(async () => {
  kit = await testDatabase();
});
afterAll(() => kit.drop());

const send = (channel: string, payload: string) =>
  kit.database.transaction((tx) => notify(tx, channel, payload));

test("a notification is heard when the transaction commits, and not when it is undone", async () => {
  const heard: (string | undefined)[] = [];
  const subscription = await kit.database.listen("Quite 'odd\" name", (payload) => heard.push(payload));
  await expect(
    kit.database.transaction(async (tx) => {
      await notify(tx, "Quite 'odd\" name", "undone");
      throw new Error("undo");
    }),
  ).rejects.toThrow("undo");
  await send("Quite 'odd\" name", "done");
  await vi.waitFor(() => {
    expect(heard).toEqual(["done"]);
  });
  await subscription.stop();
});

test("each channel has its handlers, and one that stopped hears no more", async () => {
  const heard: string[] = [];
  const one = await kit.database.listen("one", (payload) => heard.push(`one ${String(payload)}`));
  const two = await kit.database.listen("two", (payload) => heard.push(`two ${String(payload)}`));
  const alsoTwo = await kit.database.listen("two", (payload) => heard.push(`also two ${String(payload)}`));
  await two.stop();
  await one.stop();
  await send("one", "1");
  await send("two", "2");
  await vi.waitFor(() => {
    expect(heard).toEqual(["also two 2"]);
  });
  await alsoTwo.stop();
});

test("a lost connection is made anew, its handlers are told to look for themselves, and hear again", async () => {
  const heard: (string | undefined)[] = [];
  const subscription = await kit.database.listen("lasting", (payload) => heard.push(payload));
  for (let round = 1; round <= 2; round += 1) {
    await kit.database.transaction((tx) =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'test listen' and datname = current_database()`.execute(tx),
    );
    await vi.waitFor(
      () => {
        expect(heard.at(-1)).toBeUndefined();
        expect(heard).toHaveLength(round * 2 - 1);
      },
      { timeout: 5_000 },
    );
    await send("lasting", `round ${String(round)}`);
    await vi.waitFor(() => {
      expect(heard.at(-1)).toBe(`round ${String(round)}`);
    });
  }
  await subscription.stop();
});
