import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readPostmaster } from "./postmaster.ts";
import { startEmbeddedServer } from "./server.ts";
import {
  announcementOf,
  cleanUp,
  closedFolder,
  clusterOf,
  ended,
  run,
  start,
  startElsewhere,
} from "./testkit.ts";

const network = ["--net"];
const container = ["--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"];
const canUnshare = spawnSync("unshare", [...container, "true"]).status === 0;
const hasFlock = spawnSync("flock", ["--version"]).status === 0;

afterEach(cleanUp);

describe.skipIf(!canUnshare)("from another network namespace or container [needs root and unshare]", () => {
  test.each([
    ["network namespace", network],
    ["container", container],
  ])(
    "a second start of a living server's folder in another %s is refused, and harms nothing",
    async (_, namespaces) => {
      const folder = join(closedFolder(), "data");
      const server = await start(folder);
      const pidFile = readFileSync(join(clusterOf(folder), "postmaster.pid"), "utf8");
      expect(await announcementOf(startElsewhere(folder, { namespaces }))).toEqual({
        code: "DATABASE_FOLDER_IN_USE",
      });
      expect(readFileSync(join(clusterOf(folder), "postmaster.pid"), "utf8")).toBe(pidFile);
      expect(await run(server.connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
    },
  );

  test("an orphan of another network namespace is neither killed nor replaced", async () => {
    const folder = join(closedFolder(), "data");
    // No setpriv on that path: the server outlives its starter.
    const child = startElsewhere(folder, { path: "/nonexistent" });
    const { connectionString, pid } = await announcementOf(child);
    child.kill("SIGKILL");
    await ended(child);
    expect(await announcementOf(startElsewhere(folder, { namespaces: network }))).toEqual({
      code: "DATABASE_SERVER_ELSEWHERE",
    });
    expect(readPostmaster(clusterOf(folder))).toMatchObject({ pid, status: "ready" });
    expect(await run(connectionString, "select 1 as one")).toEqual([{ one: 1 }]);
    // Whence it was started, it is stopped and replaced.
    const server = await start(folder);
    expect(server.pid).not.toBe(pid);
  });

  test.skipIf(!hasFlock)(
    "what a killed container left is taken over, since no process of it holds the lock [needs flock]",
    async () => {
      const folder = join(closedFolder(), "data");
      const child = startElsewhere(folder, { namespaces: container });
      const { connectionString } = await announcementOf(child);
      await run(connectionString, "create table kept as select 42 as answer");
      child.kill("SIGKILL");
      await ended(child);
      expect(existsSync(join(clusterOf(folder), "postmaster.pid"))).toBe(true);
      const server = await start(folder);
      expect(await run(server.connectionString, "select * from kept")).toEqual([{ answer: 42 }]);
    },
  );
});

describe("a postmaster.pid of whose server nothing is known", () => {
  test("is not removed, and the refusal names it", async () => {
    const folder = join(closedFolder(), "data");
    await (await start(folder)).stop();
    const pidFile = join(clusterOf(folder), "postmaster.pid");
    writeFileSync(join(folder, "postgresql", "server-place.json"), "{}");
    writeFileSync(pidFile, "4000000\n");
    await expect(startEmbeddedServer({ dataFolder: folder })).rejects.toMatchObject({
      code: "DATABASE_SERVER_ELSEWHERE",
      message: expect.stringContaining(pidFile) as string,
    });
    expect(readFileSync(pidFile, "utf8")).toBe("4000000\n");
    rmSync(pidFile);
  });
});

test.skipIf(process.platform !== "linux")(
  "nobody who cannot enter the folder can keep us from starting: no name outside of it is a lock",
  async () => {
    const folder = join(closedFolder(), "data");
    await (await start(folder)).stop();
    const { dev, ino } = statSync(join(folder, "postgresql"));
    const squatter = createServer().listen(`\0opensmki-database-${String(dev)}-${String(ino)}`);
    try {
      await start(folder);
    } finally {
      squatter.close();
    }
    expect(statSync(join(folder, "postgresql", "owner.lock")).mode & 0o777).toBe(0o600);
  },
);
