import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { subjects } from "./subjects/all.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/crashes.md"), "utf8");

test.each(Object.entries(subjects))("docs/crashes.md tells of every step of %s", (_, make) => {
  const { points } = make({ server: undefined as never, nextName: () => "" });
  expect(points.length).toBeGreaterThan(0);
  for (const { step } of points) expect(page).toContain(`\`${step}\``);
});
