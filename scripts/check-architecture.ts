// Checks that the folders of src keep their order and the pure ones stay pure (scripts/architecture-rules.ts).
// A checker that sees nothing finds nothing: it fails unless it saw modules and dependencies.

import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { architectureRules, folders } from "./architecture-rules.ts";

const root = process.argv[2] ?? join(import.meta.dirname, "..");
process.chdir(root);

const { output } = await cruise(
  ["src"],
  {
    validate: true,
    ruleSet: { forbidden: architectureRules() },
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true, // an import of types is a dependency too
    moduleSystems: ["es6"],
    skipAnalysisNotInRules: true,
  },
  { exportsFields: ["exports"], conditionNames: ["node", "import", "types", "default"] },
);
if (typeof output === "string") throw new TypeError("dependency-cruiser answered in text");
process.exitCode = report(output);

function report({ modules, summary }: ICruiseResult): number {
  const own = modules.filter(({ source }) => source.startsWith("src/"));
  const dependencies = own.reduce((sum, module) => sum + module.dependencies.length, 0);
  const problems = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  for (const { source } of own) {
    if (!folders.some((folder) => source.startsWith(`src/${folder}/`))) {
      problems.push(
        `every-folder-has-its-place: ${source} is in none of the folders of scripts/architecture-rules.ts`,
      );
    }
  }
  if (own.length === 0) problems.push("saw no module");
  if (dependencies === 0) problems.push("saw no dependency");
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const verdict = problems.length === 0 ? "hold" : `do not hold: ${String(problems.length)} violations`;
  process.stdout.write(
    `The rules of the architecture ${verdict} (${String(own.length)} modules, ${String(dependencies)} dependencies).\n`,
  );
  return problems.length === 0 ? 0 : 1;
}
