import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { issuingSteps } from "../src/authorities/issuing/issue.ts";
import { listSteps } from "../src/authorities/revocation/publish-list.ts";
import { parsingSteps } from "../src/issuance/parse-batch.ts";
import { uploadSteps } from "../src/issuance/upload.ts";
import type { Point, Side } from "./strike.ts";
import { subjects } from "./subjects/all.ts";

const page = (name: string) => readFileSync(join(import.meta.dirname, "../docs", name), "utf8");
const pointsOf = (subject: string): readonly Point[] =>
  (subjects[subject] ?? expect.fail(`no ${subject}`))({ server: undefined as never, nextName: () => "" })
    .points;

/** Rows of a page's tables whose first cells name steps as code, as [step, where]. */
const rowsOf = (text: string): [step: string, where: string][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => {
      const [, steps = "", where = ""] = line.split("|").map((cell) => cell.trim());
      return [...steps.matchAll(/`([^`]+)`/g)].map(([, step = ""]): [string, string] => [step, where]);
    });

/** One section of docs/crashes.md, from its heading to the next. */
function section(heading: string): string {
  const [, after = expect.fail(`no section ${heading}`)] = page("crashes.md").split(`### ${heading}\n`);
  return after.split(/^##/m)[0] ?? "";
}

const sideInWords: Record<Side, RegExp> = { before: /^before /, after: /^after /, between: /^between$/ };

describe("docs/crashes.md tells of every step, in its order, and where it stands to a commit,", () => {
  test.each([
    ["issuing", "Issuing"],
    ["checkpointing", "Checkpointing"],
    ["lists", "Lists"],
  ])("of %s", (subject, heading) => {
    const rows = rowsOf(section(heading));
    const points = pointsOf(subject);
    expect(rows.map(([step]) => step)).toEqual(points.map(({ step }) => step));
    for (const [index, [, where]] of rows.entries())
      expect(where).toMatch(sideInWords[points[index]?.side ?? "between"]);
  });

  test("of Batched CSRs: of their upload, of a person's approval, of their check and of their delivery", () => {
    expect(rowsOf(section("Batched CSRs")).map(([step]) => step)).toEqual([
      ...uploadSteps,
      ...["approving", "approved"],
      ...parsingSteps,
      ...["delivering", "delivered"],
    ]);
    expect(pointsOf("batches").map(({ step }) => step)).toEqual([...parsingSteps]);
  });

  test("of back-up and restore", () => {
    const rows = rowsOf(section("Back-up and restore"));
    const points = [...pointsOf("backup"), ...pointsOf("restore")];
    expect(rows.map(([step]) => step)).toEqual(points.map(({ step }) => step));
    for (const [index, [, where]] of rows.entries())
      expect(where).toMatch(sideInWords[points[index]?.side ?? "between"]);
  });

  test("and docs/ceremonies.md what each step of a ceremony leaves", () => {
    const steps = pointsOf("ceremony").map(({ step }) => step);
    const [, named = ""] = /`ceremonySteps`: ([^.]+)\./.exec(section("Ceremonies")) ?? [];
    expect([...named.matchAll(/`([^`]+)`/g)].map(([, step]) => step)).toEqual(steps);
    expect(rowsOf(page("ceremonies.md")).map(([step]) => step)).toEqual(expect.arrayContaining(steps));
  });
});

describe("docs/issuance.md has the names of the code:", () => {
  test("the five steps of issuing are its numbered headings; the code knows the moments before two of them besides", () => {
    const headings = [...page("issuance.md").matchAll(/^## \d\. (\w+)$/gm)].map(([, name = ""]) =>
      name.toLowerCase(),
    );
    expect(issuingSteps.filter((step) => step !== "recording" && step !== "publishing")).toEqual(headings);
  });
  test("the steps of a list are the rows of its table", () => {
    const [, table = ""] = page("issuance.md").split("| step | what it does |");
    const rows = table.split("\n\n")[0]?.split("\n").slice(2) ?? [];
    expect(rows.map((row) => row.split("|")[1]?.trim())).toEqual([...listSteps]);
  });
});

test.each(Object.keys(subjects))("Every commit of %s is killed before it, and right after it", (subject) => {
  const points = pointsOf(subject);
  const commits = points.filter(({ side }) => side === "before");
  expect(commits.length).toBeGreaterThan(0);
  for (const [index, { side, step }] of points.entries())
    if (side === "before") expect(points[index + 1]?.side, `what follows ${step}`).toBe("after");
});
