import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "./connect.ts";
import { migrate } from "./migrate.ts";
import { migrationFolder, readMigrations } from "./migration-files.ts";
import { type TestDatabase, testDatabase } from "./testkit.ts";

let kit: TestDatabase;
let database: Database;
let folder = "";
const write = (name: string, statements: string) => {
  writeFileSync(join(folder, name), statements);
};

/** A database that was never migrated, and a release with two migrations. */
beforeEach(async () => {
  kit = await testDatabase();
  database = kit.database;
  await database.transaction((tx) => sql`drop schema public cascade; create schema public`.execute(tx));
  folder = mkdtempSync(join(tmpdir(), "smki-migrations-"));
  write("0001-party.sql", "create table party (name text);\ninsert into party values ('one; two');\n");
  write("0002-role.sql", "create table role (code int);");
});
afterEach(async () => {
  await kit.drop();
  rmSync(folder, { recursive: true });
});

const tableExists = async (name: string) =>
  (
    await database.read((tx) =>
      sql<{ it: string | null }>`select to_regclass(${name})::text as it`.execute(tx),
    )
  ).rows[0]?.it === name;

describe("migrating", () => {
  test("applies each migration once, in order, and what a later release adds", async () => {
    expect(await migrate(database, folder)).toEqual(["0001-party.sql", "0002-role.sql"]);
    expect(await migrate(database, folder)).toEqual([]);
    write("0004-later.sql", "create table later (n int)");
    expect(await migrate(database, folder)).toEqual(["0004-later.sql"]);
    const { rows } = await database.read((tx) => sql`select name from party`.execute(tx));
    expect(rows).toEqual([{ name: "one; two" }]);
  });

  test("from several processes at once applies each once", async () => {
    for (let number = 3; number <= 9; number += 1)
      write(
        `000${String(number)}-more.sql`,
        `create table more${String(number)} (n int); select pg_sleep(0.02)`,
      );
    const fixture = join(import.meta.dirname, "testkit", "migrate-process.ts");
    const runs = await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, [fixture, kit.connectionString, folder])),
    );
    const applied = runs.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
    expect(applied.toSorted()).toEqual(readMigrations(folder).map(({ name }) => name));
  });

  test("undoes a failing migration as a whole, keeps those before it, and goes on once it is put right", async () => {
    write("0003-broken.sql", "create table half (n int); select 1/0;");
    await expect(migrate(database, folder)).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      details: { migration: "0003-broken.sql", reason: "division by zero" },
    });
    expect([await tableExists("role"), await tableExists("half")]).toEqual([true, false]);
    write("0003-broken.sql", "create table half (n int); select 1;");
    expect(await migrate(database, folder)).toEqual(["0003-broken.sql"]);
  });

  test("refuses a database that a newer release wrote, and changes nothing in it", async () => {
    await migrate(database, folder);
    rmSync(join(folder, "0002-role.sql"));
    await expect(migrate(database, folder)).rejects.toMatchObject({
      code: "DATABASE_NEWER",
      details: { database: 2, program: 1 },
    });
  });

  test("refuses a migration that was changed, renamed or removed after it was applied", async () => {
    write("0003-last.sql", "select 1");
    await migrate(database, folder);
    write("0002-role.sql", "create table role (code bigint);");
    await expect(migrate(database, folder)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
    rmSync(join(folder, "0002-role.sql"));
    await expect(migrate(database, folder)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
    write("0002-other.sql", "create table role (code int);");
    await expect(migrate(database, folder)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
  });

  test("does not take other ends of lines for a change", async () => {
    await migrate(database, folder);
    write("0001-party.sql", "create table party (name text);\r\ninsert into party values ('one; two');\r\n");
    expect(await migrate(database, folder)).toEqual([]);
  });

  test("refuses one that slips in before those already applied", async () => {
    write("0004-later.sql", "select 1");
    await migrate(database, folder);
    write("0003-late.sql", "select 1");
    await expect(migrate(database, folder)).rejects.toMatchObject({ code: "MIGRATION_FILES_INVALID" });
  });

  test.each(["0002-again.sql", "3-short.sql", "0003_Underscore.sql"])(
    "refuses the file name %s",
    async (name) => {
      write(name, "select 1");
      await expect(migrate(database, folder)).rejects.toMatchObject({ code: "MIGRATION_FILES_INVALID" });
      expect(await tableExists("party")).toBe(false);
    },
  );

  test("takes a database that was never migrated to what this release needs", async () => {
    expect(await migrate(database)).toEqual(readMigrations(migrationFolder).map(({ name }) => name));
    expect(await tableExists("estate")).toBe(true);
  });
});
