// Builds the npm package: `src` compiled to `dist` (JavaScript and types, without tests), with the files that
// the code reads beside itself (migrations, pages, style sheets).

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const source = join(root, "src");
const target = join(root, "dist");
const fresh = `${target}.new`;

rmSync(fresh, { recursive: true, force: true });
compile();
const assets = copyAssets();
const command = join(fresh, "app/main.js");
if (existsSync(command)) chmodSync(command, 0o755);

// A reader of dist sees the old build or the new one, never half of it.
rmSync(target, { recursive: true, force: true });
renameSync(fresh, target);
process.stdout.write(
  `Built dist: ${String(globSync("**/*.js", { cwd: target }).length)} modules, ${String(assets)} other files.\n`,
);

function compile(): void {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(1);
  }
}

function copyAssets(): number {
  // What tests share stays behind, whatever it is written in.
  const isAsset = (name: string) => !/\.(ts|md)$/.test(name);
  const isOfTests = (path: string) => /(^|\/)testkit\//.test(path);
  const files = globSync("**/*", { cwd: source, withFileTypes: true })
    .filter((entry) => entry.isFile() && isAsset(entry.name))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .filter((path) => !isOfTests(path));
  for (const file of files) {
    mkdirSync(dirname(join(fresh, file)), { recursive: true });
    cpSync(join(source, file), join(fresh, file));
  }
  return files.length;
}
