import { spawnSync } from "node:child_process";
import { chownSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { readPostmaster } from "./postmaster.ts";
import { openExistingServer } from "./server.ts";
import {
  announcementOf,
  cleanUp,
  closedFolder,
  clusterOf,
  ended,
  run,
  start,
  startElsewhere,
  waitFor,
} from "./testkit.ts";

const hasSetpriv = spawnSync("setpriv", ["--version"]).status === 0;

afterEach(cleanUp);

describe("when its starter is killed", () => {
  test.skipIf(!hasSetpriv)(
    "the server stops by itself, and what was committed is there [needs setpriv]",
    async () => {
      const folder = join(closedFolder(), "data");
      const child = startElsewhere(folder);
      const { connectionString } = await announcementOf(child);
      await run(connectionString, "create table kept as select 42 as answer");
      child.kill("SIGKILL");
      await waitFor(() => readPostmaster(clusterOf(folder)) === undefined);
      const server = await start(folder);
      expect(existsSync(new URL(connectionString).searchParams.get("host") ?? "")).toBe(false);
      expect(await run(server.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
    },
  );

  test("without setpriv the next start stops the orphan, removes its socket, and finds its data", async () => {
    const folder = join(closedFolder(), "data");
    const child = startElsewhere(folder, { path: "/nonexistent" });
    const { connectionString, pid } = await announcementOf(child);
    await run(connectionString, "create table kept as select 42 as answer");
    child.kill("SIGKILL");
    await ended(child);
    await sleep(300);
    expect(readPostmaster(clusterOf(folder))).toMatchObject({ pid, status: "ready" });
    expect(await openExistingServer(folder)).toBeUndefined();
    const server = await start(folder);
    expect(server.pid).not.toBe(pid);
    expect(existsSync(new URL(connectionString).searchParams.get("host") ?? "")).toBe(false);
    expect(await run(server.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
  });

  test("a postmaster killed with it leaves a lock file that is not believed", async () => {
    const folder = join(closedFolder(), "data");
    const child = startElsewhere(folder);
    const { connectionString, pid } = await announcementOf(child);
    await run(connectionString, "create table kept as select 42 as answer");
    process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await ended(child);
    expect(readPostmaster(clusterOf(folder))).toMatchObject({ pid });
    const server = await start(folder);
    expect(await run(server.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
  });

  test("a lock file with the number of another living process is not believed either", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    process.kill(first.pid, "SIGKILL");
    await first.exited;
    const lockFile = join(clusterOf(folder), "postmaster.pid");
    const { uid, gid } = statSync(lockFile);
    writeFileSync(lockFile, `${String(process.ppid)}\n/proc/self/cwd\n1\n5432\n\n\n\nready\n`);
    chownSync(lockFile, uid, gid);
    expect(await openExistingServer(folder)).toBeUndefined();
    const second = await start(folder);
    expect(await run(second.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test.each([
    ["as soon as initdb has begun", "PG_VERSION"],
    ["half-way through", "global"],
    ["late", "base"],
  ])(
    "while it makes the cluster, %s, nothing broken is left, and the next start makes a whole one",
    async (_when, sign) => {
      const folder = join(closedFolder(), "data");
      const home = join(folder, "postgresql");
      const child = startElsewhere(folder);
      const begun = () =>
        existsSync(home) &&
        readdirSync(home).some((name) => name.startsWith("new-") && existsSync(join(home, name, sign)));
      await waitFor(begun);
      child.kill("SIGKILL");
      await ended(child);
      expect(existsSync(clusterOf(folder))).toBe(false);
      const server = await start(folder);
      expect(readdirSync(home)).toEqual([
        "cluster",
        "owner.lock",
        "server-place.json",
        "server.lock",
        "socket-folder",
      ]);
      expect(await run(server.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
    },
  );
});
