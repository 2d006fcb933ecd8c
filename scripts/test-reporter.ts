import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";
import { type SkippedTest, skipReason, type TestSummary } from "./test-summary.ts";

/**
 * Writes the run's {@link TestSummary} as JSON to the file that `SMKI_TEST_SUMMARY` names. It prints nothing:
 * vitest may still print after a reporter's last call, and the count has to be the very last line.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const file = process.env["SMKI_TEST_SUMMARY"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(summarise(modules, unhandledErrors.length)));
  }
}

function summarise(modules: readonly TestModule[], unhandledErrors: number): TestSummary {
  let passed = 0;
  let failed = unhandledErrors;
  const skipped: SkippedTest[] = [];
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") passed += 1;
      else if (result.state === "skipped") {
        skipped.push({
          name: test.fullName,
          file: module.relativeModuleId,
          reason: skipReason(test.fullName, result.note),
        });
      } else failedHere += 1; // "pending" too: the run ended before the test did
    }
    // A suite whose hook fails, or a file that does not load, fails without a failed test.
    for (const suite of [module, ...module.children.allSuites()])
      failedHere += suite.errors().length > 0 ? 1 : 0;
    failed += failedHere === 0 && module.state() === "failed" ? 1 : failedHere;
  }
  return { passed, failed, skipped };
}
