import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { mayMount, smallDisk } from "../../database/testkit/small-disk.ts";

describe.skipIf(!mayMount)("A log on a full disk [needs root and mount]", () => {
  test("ends no process; what waits is written when there is room", async (context) => {
    const disk = smallDisk(1) ?? context.skip("mount is not allowed here");
    const file = join(disk.folder, "log");
    const descriptor = openSync(file, "a");
    try {
      const child = spawn(process.execPath, [join(import.meta.dirname, "testkit", "log-process.ts")], {
        stdio: ["pipe", "pipe", descriptor],
      });
      const answers = createInterface({ input: child.stdout ?? expect.fail("no pipe") })[
        Symbol.asyncIterator
      ]();
      const log = async (line: string) => {
        child.stdin?.write(`${line}\n`);
        expect(await answers.next()).toMatchObject({ value: "done" });
      };
      await log("before");
      disk.fill();
      // More than the page in which the file ends.
      for (let index = 0; index < 50; index += 1) await log(`full ${String(index)} ${"x".repeat(500)}`);
      expect(readFileSync(file, "utf8")).not.toContain("full 49");
      disk.makeRoom();
      await log("after");
      child.stdin?.end();
      expect(await once(child, "exit")).toEqual([0, null]);
      const said = readFileSync(file, "utf8");
      for (const line of ["before", "full 0 ", "full 49 ", "after"]) expect(said).toContain(`"${line}`);
    } finally {
      closeSync(descriptor);
      disk.remove();
    }
  });
});
