// Writes docs/errors.md from the catalogue of error codes; with --check, only says whether it is up to date.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "../src/errors/catalogue.ts";
import { errorsPage } from "./errors-page-text.ts";

const file = join(import.meta.dirname, "../docs/errors.md");
const page = errorsPage(catalogue);

if (!process.argv.includes("--check")) writeFileSync(file, page);
else if (read(file) !== page) {
  process.stderr.write("docs/errors.md is not what the catalogue says: run node scripts/errors-page.ts\n");
  process.exitCode = 1;
}

function read(name: string): string | null {
  try {
    return readFileSync(name, "utf8");
  } catch {
    return null;
  }
}
