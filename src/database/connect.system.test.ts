import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmkiError } from "../errors/smki-error.ts";
import { connect, type Database } from "./connect.ts";
import { requireServerVersion } from "./connection.ts";
import { startEmbeddedServer } from "./embedded/server.ts";
import { brokenConstraint } from "./failures.ts";
import { type TestDatabase, testDatabase } from "./testkit.ts";
import type { Tx } from "./transaction.ts";

let kit: TestDatabase;
let database: Database;
beforeAll(async () => {
  kit = await testDatabase();
  database = kit.database;
  await database.transaction((tx) =>
    sql`create table account (name text primary key, balance bigint not null)`.execute(tx),
  );
});
afterAll(() => kit.drop());

const put = (tx: Tx, name: string, balance: number) =>
  sql`insert into account values (${name}, ${balance}) on conflict (name) do update set balance = excluded.balance`.execute(
    tx,
  );

async function balanceOf(tx: Tx, name: string): Promise<number | undefined> {
  const { rows } = await sql<{ balance: number }>`select balance from account where name = ${name}`.execute(
    tx,
  );
  return rows[0]?.balance;
}

describe("values", () => {
  const one = async (expression: string) =>
    (await database.read((tx) => sql<{ value: unknown }>`select ${sql.raw(expression)} as value`.execute(tx)))
      .rows[0]?.value;

  test("come back as the field uses them", async () => {
    expect(await one("'\\x00ff'::bytea")).toEqual(Buffer.from([0, 255]));
    expect(await one("(select count(*) from account)")).toBe(0);
    expect(await one("'{1,-9007199254740991}'::int8[]")).toEqual([1, -9007199254740991]);
    expect(await one("'{}'::int8[]")).toEqual([]);
    expect(await one("'2026-03-29 01:30:00+01'::timestamptz")).toEqual(new Date("2026-03-29T00:30:00Z"));
    expect(await one("'2026-03-29'::date")).toBe("2026-03-29");
    expect(await one("'1.10'::numeric")).toBe("1.10");
  });

  test("a bigint that no number can hold is refused, never rounded", async () => {
    await expect(one("9007199254740993::int8")).rejects.toMatchObject({ code: "DATABASE_ROW_DAMAGED" });
    // The connection it came on is still good.
    expect(await one("1::int8")).toBe(1);
  });
});

describe("a transaction", () => {
  test("is undone as a whole when its work throws, and the refusal comes through as it is", async () => {
    const refusal = new SmkiError("DATABASE_NEWER");
    const work = database.transaction(async (tx) => {
      await put(tx, "undone", 1);
      throw refusal;
    });
    await expect(work).rejects.toBe(refusal);
    expect(await database.read((tx) => balanceOf(tx, "undone"))).toBeUndefined();
  });

  test("runs again after a serialization failure, so that no update is lost", async () => {
    await database.transaction((tx) => put(tx, "shared", 0));
    let runs = 0;
    const deposit = () =>
      database.transaction(
        async (tx) => {
          runs += 1;
          const balance = (await balanceOf(tx, "shared")) ?? 0;
          await sleep(5);
          await put(tx, "shared", balance + 1);
        },
        { isolation: "serializable" },
      );
    await Promise.all([deposit(), deposit(), deposit()]);
    expect(await database.read((tx) => balanceOf(tx, "shared"))).toBe(3);
    expect(runs).toBeGreaterThan(3);
  });

  test("gives up after a bounded number of tries", async () => {
    let runs = 0;
    const work = database.transaction(async (tx) => {
      runs += 1;
      await sql`do $$ begin raise exception using errcode = '40001'; end $$`.execute(tx);
    });
    await expect(work).rejects.toMatchObject({ code: "DATABASE_BUSY" });
    expect(runs).toBe(6);
  });

  test("both of two that wait for each other succeed in the end", async () => {
    const update = (names: readonly [string, string]) =>
      database.transaction(async (tx) => {
        await put(tx, names[0], 1);
        await sleep(30);
        await put(tx, names[1], 2);
      });
    await Promise.all([update(["a", "b"]), update(["b", "a"])]);
    expect((await database.read((tx) => balanceOf(tx, "a"))) ?? 0).toBeGreaterThan(0);
  });

  test("that breaks a constraint is not repeated, and says which constraint", async () => {
    let runs = 0;
    const insert = () =>
      database.transaction(async (tx) => {
        runs += 1;
        await sql`insert into account values ('unique', 1)`.execute(tx);
      });
    await insert();
    const failure: unknown = await insert().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "DATABASE_FAILED", details: { constraint: "account_pkey" } });
    expect(brokenConstraint(failure)).toBe("account_pkey");
    expect(runs).toBe(2);
  });
});

describe("reading", () => {
  test("cannot write, in a statement or in a snapshot", async () => {
    for (const snapshot of [false, true])
      await expect(database.read((tx) => put(tx, "x", 1), { snapshot })).rejects.toMatchObject({
        code: "DATABASE_FAILED",
        details: { sqlstate: "25006" },
      });
  });

  test.each([
    [true, 1],
    [false, 2],
  ])("with snapshot %s sees, of what is committed meanwhile, the balance %i", async (snapshot, seen) => {
    await database.transaction((tx) => put(tx, "seen", 1));
    const balance = await database.read(
      async (tx) => {
        await balanceOf(tx, "seen");
        await database.transaction((other) => put(other, "seen", 2));
        return balanceOf(tx, "seen");
      },
      { snapshot },
    );
    expect(balance).toBe(seen);
  });
});

/** Ends connections from the outside, as a restart of the server would. */
const terminate = (applicationName: string) =>
  database.transaction((tx) =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = ${applicationName} and datname = current_database() and pid <> pg_backend_pid()`.execute(
      tx,
    ),
  );

describe("session locks", () => {
  test("keep others out until the work is over, also when it fails", async () => {
    const order: string[] = [];
    const first = database.withSessionLock(7n, async () => {
      await sleep(100);
      order.push("first");
      throw new SmkiError("DATABASE_NEWER");
    });
    await sleep(30);
    expect(await database.tryWithSessionLock(7n, () => Promise.resolve(1))).toBeUndefined();
    const second = database.withSessionLock(7n, () => Promise.resolve(order.push("second")));
    await expect(first).rejects.toMatchObject({ code: "DATABASE_NEWER" });
    await second;
    expect(order).toEqual(["first", "second"]);
    expect(await database.tryWithSessionLock(7n, () => Promise.resolve(1))).toEqual({ result: 1 });
  });

  test("take the whole range of a bigint", async () => {
    for (const key of [-(2n ** 63n), 2n ** 63n - 1n])
      expect(await database.tryWithSessionLock(key, () => Promise.resolve(key))).toEqual({ result: key });
  });

  test("are free, and their holder is told, once the connection is lost", async () => {
    const session = await database.openLockSession();
    expect(await session.tryLock(8n)).toBe(true);
    expect(session.lost.aborted).toBe(false);
    await terminate("test lock");
    await sleep(100);
    expect(session.lost.aborted).toBe(true);
    expect(session.lost.reason).toMatchObject({ code: "DATABASE_UNAVAILABLE" });
    await expect(session.tryLock(8n)).rejects.toMatchObject({ code: "DATABASE_UNAVAILABLE" });
    expect(await database.tryWithSessionLock(8n, () => Promise.resolve(1))).toEqual({ result: 1 });
    await session.close();
  });

  test("of a machine that is gone without a word are free within half a minute: the server is told to ask", async () => {
    const { rows } = await database.read((tx) =>
      sql<{ name: string; value: string }>`
        select name, reset_val as value from pg_settings
        where source = 'client' and (name like 'tcp_keepalives%' or name = 'tcp_user_timeout') order by name`.execute(
        tx,
      ),
    );
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, Number(value)]))).toEqual({
      tcp_keepalives_count: 4,
      tcp_keepalives_idle: 10,
      tcp_keepalives_interval: 5,
      tcp_user_timeout: 30_000,
    });
  });

  test("of a URL with options of its own too, and its reads cannot write all the same", async () => {
    const query = `${kit.connectionString.includes("?") ? "&" : "?"}options=${encodeURIComponent("-c work_mem=5MB")}`;
    const own = connect(
      { connectionString: kit.connectionString + query },
      { applicationName: "test options", poolSize: 1 },
    );
    try {
      const { rows } = await own.read((tx) =>
        sql<{ name: string; value: string }>`
          select name, setting as value from pg_settings
          where name in ('work_mem', 'default_transaction_read_only', 'tcp_user_timeout') and source = 'client'
          order by name`.execute(tx),
      );
      expect(
        rows.map(({ name, value }) => `${name} ${value}`).filter((one) => !one.startsWith("tcp")),
      ).toEqual(["default_transaction_read_only on", "work_mem 5120"]);
      expect(rows.map(({ name }) => name)).toContain("tcp_user_timeout");
    } finally {
      await own.close();
    }
  });

  test("many on one session are given back one by one", async () => {
    const [one, other] = [await database.openLockSession(), await database.openLockSession()];
    expect([await one.tryLock(20n), await one.tryLock(21n)]).toEqual([true, true]);
    await one.unlock(20n);
    expect([await other.tryLock(20n), await other.tryLock(21n)]).toEqual([true, false]);
    expect(one.lost.aborted).toBe(false);
    await one.close();
    expect(await other.tryLock(21n)).toBe(true);
    await other.close();
  });
});

describe("testing a server's version", () => {
  test("an older one than needed is refused by both numbers", async () => {
    const client = new Client({ connectionString: kit.connectionString });
    await client.connect();
    await expect(requireServerVersion(client, 99)).rejects.toMatchObject({
      code: "DATABASE_TOO_OLD",
      details: { needed: 99 },
    });
    await client.end();
  });
});

describe("without a server", () => {
  test.each(["postgresql://x@127.0.0.1:1/x", "postgresql://x@localhost/x?host=%2Fnonexistent"])(
    "%s is unavailable",
    async (connectionString) => {
      const nowhere = connect({ connectionString }, { applicationName: "test", poolSize: 1 });
      await expect(nowhere.checkHealth()).rejects.toMatchObject({ code: "DATABASE_UNAVAILABLE" });
      await expect(nowhere.withSessionLock(1n, () => Promise.resolve())).rejects.toMatchObject({
        code: "DATABASE_UNAVAILABLE",
      });
      await expect(nowhere.listen("x", () => undefined)).rejects.toMatchObject({
        code: "DATABASE_UNAVAILABLE",
      });
      await nowhere.close();
    },
  );

  test("a URL of another kind is refused without repeating it", () => {
    const attempt = () =>
      connect({ connectionString: "mysql://u:hunter2@h/d" }, { applicationName: "t", poolSize: 1 });
    expect(attempt).toThrow(expect.objectContaining({ code: "DATABASE_URL_INVALID" }));
    expect(attempt).not.toThrow(/hunter2/);
  });

  test("stopped in the middle of a transaction it is unavailable, nothing is half-written, and later all works again", async () => {
    const folder = mkdtempSync("/tmp/smki-stopped-test-");
    const options = { dataFolder: join(folder, "data") };
    let server = await startEmbeddedServer(options);
    const { connectionString } = server;
    const here = connect({ connectionString }, { applicationName: "test", poolSize: 2 });
    try {
      await here.transaction((tx) => sql`create table row (n int)`.execute(tx));
      const interrupted = here.transaction(async (tx) => {
        await sql`insert into row values (1)`.execute(tx);
        await server.stop();
        await sql`insert into row values (2)`.execute(tx);
      });
      await expect(interrupted).rejects.toMatchObject({
        code: expect.stringMatching(/^DATABASE_(UNAVAILABLE|STOPPING)$/) as string,
      });
      await expect(here.checkHealth()).rejects.toMatchObject({ code: "DATABASE_UNAVAILABLE" });
      server = await startEmbeddedServer(options);
      // An embedded server comes back in another socket folder; its clients are given the new address.
      const again = connect(server, { applicationName: "test", poolSize: 2 });
      const count = await again.read((tx) => sql<{ n: number }>`select count(*) as n from row`.execute(tx));
      expect(count.rows).toEqual([{ n: 0 }]);
      await again.close();
    } finally {
      await here.close();
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });

  test("connections ended by the server are replaced: the next transaction succeeds", async () => {
    await database.transaction((tx) => put(tx, "before", 1));
    const interrupted = database.transaction(async (tx) => {
      await put(tx, "half", 1);
      await terminate("test");
      await put(tx, "half", 2);
    });
    await expect(interrupted).rejects.toMatchObject({
      code: expect.stringMatching(/^DATABASE_(UNAVAILABLE|STOPPING)$/) as string,
    });
    expect(await database.transaction((tx) => balanceOf(tx, "half"))).toBeUndefined();
    expect(await database.transaction((tx) => balanceOf(tx, "before"))).toBe(1);
  });
});

describe("a process that answers strangers", () => {
  test("ends a read that takes too long, and neither a short one nor a change", async () => {
    const limited = connect(kit, { applicationName: "test", poolSize: 1, longestRead: 100 });
    try {
      const read = (seconds: number) =>
        limited.read((tx) => sql`select pg_sleep(${seconds}::float8)`.execute(tx));
      await expect(read(5)).rejects.toMatchObject({ code: "DATABASE_READ_TOO_LONG" });
      await read(0);
      await limited.transaction((tx) => sql`select pg_sleep(0.2)`.execute(tx));
    } finally {
      await limited.close();
    }
  });
});
