import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-architecture-"));
  write(
    "package.json",
    JSON.stringify({ name: "x", type: "module", devDependencies: { "dev-thing": "1.0.0" } }),
  );
  write(
    "node_modules/dev-thing/package.json",
    JSON.stringify({ name: "dev-thing", version: "1.0.0", main: "i.js" }),
  );
  write("node_modules/dev-thing/i.js", "");
  // A tree that keeps every rule; each test breaks one.
  write("src/errors/a.ts", "export const a = 1;");
  write("src/certificates/b.ts", 'import "../errors/a.ts"; import "node:crypto";');
  write("src/ledger/leaf-store.ts", 'import "../certificates/b.ts";');
  write("src/ledger/ledger.ts", 'import "./leaf-store.ts"; import "node:fs";');
  write("src/app/main.ts", 'import "../ledger/ledger.ts";');
  write("src/app/main.test.ts", 'import "dev-thing"; import "./main.ts";');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), `${text}\n`);
}

function check(): { status: number | null; problems: string } {
  const script = join(import.meta.dirname, "check-architecture.ts");
  const run = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  return { status: run.status, problems: run.stderr };
}

describe("the architecture check", () => {
  test("accepts a tree that keeps every rule", () => {
    expect(check()).toEqual({ status: 0, problems: "" });
  });

  test("takes a cycle of types alone for none", () => {
    write("src/ledger/leaf-store.ts", 'import type {} from "./ledger.ts";');
    expect(check()).toEqual({ status: 0, problems: "" });
  });

  test.each([
    ["order-of-errors", "src/errors/a.ts", 'import type {} from "../ledger/ledger.ts";'],
    ["order-of-ledger", "src/ledger/up.ts", 'import "../web/page.ts";'],
    ["pure-folders-do-no-io", "src/certificates/b.ts", 'import "node:fs/promises";'],
    ["pure-folders-use-no-packages", "src/certificates/b.ts", 'import "dev-thing";'],
    ["a-store-is-its-own-folders", "src/web/page.ts", 'import "../ledger/leaf-store.ts";'],
    ["no-cycle", "src/ledger/leaf-store.ts", 'import "./ledger.ts";'],
    ["code-uses-no-development-package", "src/web/page.ts", 'import "dev-thing";'],
    ["code-imports-no-test", "src/app/other.ts", 'import "./main.test.ts";'],
    ["every-import-is-found", "src/web/page.ts", 'import "./gone.ts";'],
    ["every-folder-has-its-place", "src/helpers/misc.ts", "export {};"],
  ])("finds a breach of %s", (rule, file, text) => {
    if (file !== "src/web/page.ts") write("src/web/page.ts", "export {};");
    write(file, text);
    const { status, problems } = check();
    expect(problems).toContain(`${rule}: ${file}`);
    expect(status).toBe(1);
  });

  test("fails where it sees no module", () => {
    rmSync(join(folder, "src"), { recursive: true });
    mkdirSync(join(folder, "src"));
    expect(check().status).toBe(1);
    expect(check().problems).toContain("saw no module");
  });
});
