import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../connect.ts";
import { startEmbeddedServer } from "./server.ts";
import { cleanUp, closedFolder } from "./testkit.ts";

const isRoot = process.getuid?.() === 0;

afterEach(cleanUp);

describe.skipIf(!isRoot)("on a small disk [needs root and mount]", () => {
  function smallDisk(megabytes: number): string | undefined {
    const folder = closedFolder();
    const mount = spawnSync("mount", [
      "-t",
      "tmpfs",
      "-o",
      `size=${String(megabytes)}m,mode=0700`,
      "tmpfs",
      folder,
    ]);
    return mount.status === 0 ? folder : undefined;
  }
  const unmount = (folder: string) => spawnSync("umount", ["-l", folder]);

  test("too small for a cluster, it says that the disk is full and leaves nothing behind", async (context) => {
    const disk = smallDisk(12) ?? context.skip("mount is not allowed here");
    try {
      await expect(startEmbeddedServer({ dataFolder: join(disk, "data") })).rejects.toMatchObject({
        code: "DATABASE_DISK_FULL",
      });
      expect(readdirSync(join(disk, "data", "postgresql"))).toEqual(["owner.lock"]);
    } finally {
      unmount(disk);
    }
  });

  test("that fills up, a transaction is refused as a whole, and succeeds once there is room", async (context) => {
    const disk = smallDisk(200) ?? context.skip("mount is not allowed here");
    const server = await startEmbeddedServer({ dataFolder: join(disk, "data") });
    const database = connect(server, { applicationName: "test", poolSize: 2 });
    try {
      await database.transaction((tx) =>
        sql`create table filling (octets bytea storage external)`.execute(tx),
      );
      // Leave 3 MB: less than the rows need, more than their records in the log, which has its space already.
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(join(disk, "ballast"), Buffer.alloc(bavail * bsize - 3 * 1024 * 1024));
      const insert = () =>
        database.transaction((tx) =>
          sql`insert into filling select ${Buffer.alloc(1024 * 1024, 7)} from generate_series(1, 5)`.execute(
            tx,
          ),
        );
      await expect(insert()).rejects.toMatchObject({ code: "DATABASE_DISK_FULL" });
      const count = async () =>
        (await database.read((tx) => sql<{ n: number }>`select count(*) as n from filling`.execute(tx)))
          .rows[0]?.n;
      expect(await count()).toBe(0);
      rmSync(join(disk, "ballast"));
      await insert();
      expect(await count()).toBe(5);
    } finally {
      await database.close();
      await server.stop();
      unmount(disk);
    }
  });
});
