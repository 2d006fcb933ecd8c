import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { editions, rulebookFor, ruleNames } from "../rulebook/index.ts";
import { rulebookCommand } from "./rulebook.ts";

/** Runs the verb and returns what it wrote, answer and errors apart. */
function run(...args: string[]): { answer: string; errors: string; code: number } {
  let [answer, errors, code] = ["", "", 0];
  const command = rulebookCommand((text) => {
    answer += text;
  });
  for (const each of [command, ...command.commands]) {
    each.exitOverride();
    each.configureOutput({
      writeOut: (text) => {
        answer += text;
      },
      writeErr: (text) => {
        errors += text;
      },
    });
  }
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode;
  }
  return { answer, errors, code };
}

describe("smki rulebook show", () => {
  test("lists every rule with its value, clause and certainty", () => {
    const { answer } = run("show");
    for (const name of ruleNames) expect(answer).toContain(`\n${name} `);
    expect(answer).toMatch(/\nsingleCsrTarget +1 second +L8\.1\(a\) +read\n/);
    expect(answer).toMatch(/\nmaximumBatchSize +50,000 CSRs +L8\.2 +read\n/);
  });

  test("shows one rule of the chosen edition in full", () => {
    const { answer } = run("show", "singleCsrTarget", "--edition", "draft");
    expect(answer).toContain("30 seconds");
    expect(answer).toContain(rulebookFor("draft").singleCsrTarget.source);
  });

  test("answers in JSON with the whole edition", () => {
    const shown = JSON.parse(run("show", "--json", "--edition", "enacted").answer) as unknown;
    expect(shown).toEqual({ edition: "enacted", rules: rulebookFor("enacted") });
  });

  test("refuses a rule or an edition that there is not, and says which there are", () => {
    const unknownRule = run("show", "singleCsrTraget");
    expect(unknownRule.code).toBe(1);
    expect(unknownRule.errors).toContain("smki rulebook show");
    expect(run("show", "--edition", "final").errors).toContain(editions.join(", "));
  });

  test("explains editions and certainties in its help", () => {
    expect(run("show", "--help").answer).toMatch(/decoded +out of real certificates/);
  });
});

describe("smki rulebook diff", () => {
  test("shows the two editions side by side", () => {
    const { answer } = run("diff", "response", "draft");
    expect(answer).toMatch(/^RULE +CLAUSE +RESPONSE +DRAFT\n/);
    expect(answer).toMatch(/\nsingleCsrTarget +L8\.1\(a\) +1 second +30 seconds\n/);
    expect(answer).toMatch(/\ncsrForecastsFiled +L8\.7 +no +yes\n/);
  });

  test("answers in JSON under the names of the editions", () => {
    const answer = JSON.parse(run("diff", "response", "draft", "--json").answer) as {
      differences: { name: string; response: { value: unknown }; draft: { value: unknown } }[];
    };
    const target = answer.differences.find(({ name }) => name === "singleCsrTarget");
    expect([target?.response.value, target?.draft.value]).toEqual([1, 30]);
  });

  test("says so when two editions are the same", () => {
    expect(run("diff", "draft", "draft").answer).toBe("The editions draft and draft do not differ.\n");
  });
});
