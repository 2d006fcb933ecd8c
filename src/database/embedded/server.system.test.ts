import { chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../connect.ts";
import { isOpenToAll } from "./binaries.ts";
import { openExistingServer, startEmbeddedServer } from "./server.ts";
import { announcementOf, cleanUp, closedFolder, clusterOf, run, start, startElsewhere } from "./testkit.ts";

const isRoot = process.getuid?.() === 0;
const nobody = 65534;

afterEach(cleanUp);

describe("the embedded server", () => {
  test("is durable, and reached through a Unix socket alone, in a folder of its own that only its user may enter", async () => {
    const server = await start(join(closedFolder(), "data"));
    const database = connect(server, { applicationName: "test", poolSize: 1 });
    expect(await database.checkHealth()).toMatchObject({
      serverVersion: 18,
      fsync: true,
      synchronousCommit: true,
      fullPageWrites: true,
    });
    await database.close();
    const [addresses] = await run<{ listen_addresses: string }>(
      server.connectionString,
      "show listen_addresses",
    );
    expect(addresses).toEqual({ listen_addresses: "" });
    const socketFolder = new URL(server.connectionString).searchParams.get("host") ?? "";
    expect(socketFolder.length).toBeLessThan(94);
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(existsSync(socketFolder)).toBe(false);
  });

  test("finds everything again at a second start, which takes less than 1.5 s", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    await run(first.connectionString, "create table kept as select 42 as answer");
    await first.stop();
    const begin = performance.now();
    const second = await start(folder);
    expect(performance.now() - begin).toBeLessThan(1_500);
    expect(await run(second.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
  });

  test("is refused a folder that it already runs in, for the same process and for another", async () => {
    const folder = join(closedFolder(), "data");
    await start(folder);
    await expect(startEmbeddedServer({ dataFolder: folder })).rejects.toMatchObject({
      code: "DATABASE_FOLDER_IN_USE",
    });
    expect(await announcementOf(startElsewhere(folder))).toEqual({ code: "DATABASE_FOLDER_IN_USE" });
  });

  test("when two start at once on an empty folder, one runs and the other is refused", async () => {
    const folder = join(closedFolder(), "data");
    const answers = await Promise.all([startElsewhere(folder), startElsewhere(folder)].map(announcementOf));
    expect(answers.map(({ code }) => code).toSorted()).toEqual(["DATABASE_FOLDER_IN_USE", undefined]);
  });

  test("stops in the time it is given though a process of it hangs, and nothing committed is lost", async () => {
    const folder = join(closedFolder(), "data");
    const server = await start(folder);
    await run(server.connectionString, "create table kept as select 42 as answer");
    const hanging = connect(server, { applicationName: "test", poolSize: 1 });
    const { rows } = await hanging.read((tx) =>
      sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx),
    );
    process.kill(rows[0]?.pid ?? 0, "SIGSTOP");
    const begin = performance.now();
    await server.stop({ withinMilliseconds: 1_000 });
    expect(performance.now() - begin).toBeLessThan(1_300);
    await server.exited;
    await hanging.close();
    const second = await start(folder);
    expect(await run(second.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
  });

  test("can be joined by another process while it runs, and not before or after", async () => {
    const folder = join(closedFolder(), "data");
    expect(await openExistingServer(folder)).toBeUndefined();
    const server = await start(folder);
    const joined = await openExistingServer(folder);
    expect(await run(joined?.connectionString ?? "", "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
    expect(await openExistingServer(folder)).toBeUndefined();
  });

  test("runs in a folder whose path is longer than PostgreSQL takes", async () => {
    const folder = join(closedFolder(), ...Array.from({ length: 12 }, () => "x".repeat(100)), "data");
    expect(folder.length).toBeGreaterThan(1_024);
    const server = await start(folder);
    expect(await run(server.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test.skipIf(!isRoot)("as root, runs as another user under parents of mode 0700 [needs root]", async () => {
    const top = closedFolder();
    const folder = join(top, "inner", "data");
    mkdirSync(dirname(folder), { mode: 0o700 });
    const server = await start(folder);
    for (const closed of [top, dirname(folder), folder]) {
      expect(statSync(closed)).toMatchObject({ uid: 0 });
      expect(statSync(closed).mode & 0o777).toBe(0o700);
    }
    const { uid } = statSync(`/proc/${String(server.pid)}`);
    expect(uid).not.toBe(0);
    expect(statSync(clusterOf(folder))).toMatchObject({ uid });
    expect(statSync(clusterOf(folder)).mode & 0o777).toBe(0o700);
    await run(server.connectionString, "create table written as select generate_series(1, 10000)");
  });

  test.skipIf(!isRoot || !isOpenToAll(import.meta.dirname))(
    "runs for an ordinary user [needs root to become one, and a project folder open to all]",
    async () => {
      const top = closedFolder();
      chownSync(top, nobody, nobody);
      const { pid, uid } = await announcementOf(startElsewhere(join(top, "data"), { uid: nobody }));
      expect(uid).toBe(nobody);
      expect(statSync(`/proc/${String(pid)}`).uid).toBe(nobody);
    },
  );

  test.skipIf(!isRoot || !isOpenToAll(import.meta.dirname))(
    "says so where the folder cannot be written [needs root to become an ordinary user]",
    async () => {
      const child = startElsewhere(join(closedFolder(), "data"), { uid: nobody });
      expect(await announcementOf(child)).toEqual({ code: "DATABASE_FOLDER_NOT_WRITABLE" });
    },
  );

  test.each([
    ["99", "DATABASE_FOLDER_NEWER"],
    ["14", "DATABASE_FOLDER_OLDER"],
  ])("leaves a cluster of major version %s alone: %s", async (version, code) => {
    const folder = join(closedFolder(), "data");
    await (await start(folder)).stop();
    writeFileSync(join(clusterOf(folder), "PG_VERSION"), `${version}\n`);
    await expect(startEmbeddedServer({ dataFolder: folder })).rejects.toMatchObject({ code });
  });

  test("gives the server's own words when it does not start, and frees the folder", async () => {
    const folder = join(closedFolder(), "data");
    await (await start(folder)).stop();
    rmSync(join(clusterOf(folder), "global"), { recursive: true });
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(startEmbeddedServer({ dataFolder: folder })).rejects.toMatchObject({
        code: "DATABASE_START_FAILED",
        message: expect.stringMatching(/global/) as string,
      });
  });
});
