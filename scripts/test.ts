// `./smki test [unit | system] [filters and vitest options]`: brings what the tests need, runs them, lists the
// skipped ones with the reason, and ends with the line `N passed, N failed, N skipped`.
//
// SMKI_TEST_REQUIRE=all makes a skipped test a failure where the thing it needs can always be provided; it is
// the default in continuous integration (CI=true) where the test data lies beside the clone.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provideNeeds } from "./test-needs.ts";
import { noReport, succeeded, summaryLines, type TestSummary } from "./test-summary.ts";

const root = join(import.meta.dirname, "..");
const projects = ["unit", "system"];
const help = `Usage: smki test [unit|system] [filter...] [vitest options]

Runs OpenSMKI's tests. Installs what they need by apt where it is root; otherwise the tests
that miss something are skipped, and listed at the end by name.

  unit      only the pure, fast tests
  system    only those that start PostgreSQL, tokens, servers and other programs
  filter    only test files whose path contains it, for example src/certificates

Environment: SMKI_TEST_REQUIRE=all counts a skipped test as failed (SMKI_TEST_REQUIRE=none: never).
`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(help);
  process.exit(0);
}
const project = projects.find((name) => name === args[0]);
const rest = project === undefined ? args : args.slice(1);
const everythingIsProvided = requireAll();

if (project !== "unit") provideNeeds(root, (line) => process.stderr.write(`smki test: ${line}\n`));

const folder = mkdtempSync(join(tmpdir(), "smki-test-"));
try {
  const summaryFile = join(folder, "summary.json");
  const status = await runVitest(summaryFile);
  const summary = readSummary(summaryFile, status);
  process.stdout.write(`${summaryLines(summary, everythingIsProvided).join("\n")}\n`);
  process.exitCode = status === 0 && succeeded(summary, everythingIsProvided) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function requireAll(): boolean {
  const wish = process.env["SMKI_TEST_REQUIRE"];
  if (wish !== undefined) return wish === "all";
  return process.env["CI"] === "true" && existsSync(join(root, "../shared/data"));
}

function runVitest(summaryFile: string): Promise<number> {
  const selection = project === undefined ? [] : ["--project", project];
  const child = spawn(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      ...selection,
      "--reporter=default",
      `--reporter=${join(root, "scripts/test-reporter.ts")}`,
      ...rest,
    ],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, SMKI_TEST_SUMMARY: summaryFile },
    },
  );
  // Ctrl-C reaches vitest by itself (same process group); a polite kill of this process is passed on.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

function readSummary(file: string, status: number): TestSummary {
  if (!existsSync(file)) return noReport;
  const summary = JSON.parse(readFileSync(file, "utf8")) as TestSummary;
  // vitest knows of a failure that no test shows, for example a server that kept it from closing.
  return status !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}
