import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { zstdDecompressSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { testFolders } from "./extract.testkit.ts";
import { RowFile } from "./row-file.ts";

const folders = testFolders();
afterAll(() => {
  folders.removeAll();
});

test("A file of rows is what was written, however it was cut into pieces, with its octets and SHA-256", async () => {
  const folder = folders.make();
  const file = new RowFile(folder, "not-in-use", 2);
  const lines = Array.from({ length: 200_000 }, (_, index) => `line ${String(index)}`);
  for (let at = 0; at < lines.length; at += 777)
    await file.write(Buffer.from(`${lines.slice(at, at + 777).join("\n")}\n`));
  const { octets, sha256, count, name } = await file.end(lines.length);
  const written = readFileSync(join(folder, name));
  expect(name).toBe("not-in-use-0002.csv.zst");
  expect([octets, count]).toEqual([written.length, lines.length]);
  expect(sha256).toBe(createHash("sha256").update(written).digest("hex"));
  expect(zstdDecompressSync(written).toString()).toBe(`serialNumber,since\n${lines.join("\n")}\n`);
  expect(file.rowOctets).toBe(zstdDecompressSync(written).length);
});

test("That a file cannot be written is told while rows come, and not when hours of them have passed", async () => {
  const folder = folders.make();
  writeFileSync(join(folder, "certificates-0001.csv.zst"), "there already");
  const file = new RowFile(folder, "certificates", 1);
  const piece = Buffer.alloc(1 << 20, "x");
  const writeMany = async () => {
    for (let count = 0; count < 1_000; count += 1) {
      await file.write(piece);
      await turn();
    }
  };
  await expect(writeMany()).rejects.toMatchObject({ code: "EEXIST" });
  await file.abandon();
});
