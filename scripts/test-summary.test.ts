import { describe, expect, test } from "vitest";
import { type SkippedTest, skipReason, succeeded, summaryLines, unexcused } from "./test-summary.ts";

const skipped = (name: string, note?: string): SkippedTest => ({
  name,
  file: "src/a.test.ts",
  reason: skipReason(name, note),
});

describe("the summary of a test run", () => {
  test("ends with the line that programs read", () => {
    const lines = summaryLines({ passed: 3, failed: 1, skipped: [skipped("signs [needs softhsm2]")] }, false);
    expect(lines.at(-1)).toBe("3 passed, 1 failed, 1 skipped");
    expect(lines.join("\n")).toContain("signs [needs softhsm2]  (src/a.test.ts: needs softhsm2)");
  });

  test("takes the reason from the note before the name", () => {
    expect(skipReason("a [needs openssl]", "no openssl 3")).toBe("no openssl 3");
    expect(skipReason("a > b [needs openssl]")).toBe("needs openssl");
    expect(skipReason("a > b")).toBeNull();
  });

  test("counts a skipped test as failed where what it needs is provided", () => {
    const summary = {
      passed: 5,
      failed: 0,
      skipped: [skipped("a [needs test data]"), skipped("b [needs root]")],
    };
    expect(succeeded(summary, false)).toBe(true);
    expect(succeeded(summary, true)).toBe(false);
    expect(summaryLines(summary, true).at(-1)).toBe("5 passed, 1 failed, 1 skipped");
  });

  test("a skipped test that does not say why is unexcused", () => {
    expect(unexcused([skipped("a"), skipped("b [needs an ordinary user]")]).map(({ name }) => name)).toEqual([
      "a",
    ]);
  });

  test("a run in which no test passed is no success", () => {
    expect(succeeded({ passed: 0, failed: 0, skipped: [] }, false)).toBe(false);
  });
});
