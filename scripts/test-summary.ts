/** A test that did not run, and why. */
export interface SkippedTest {
  readonly name: string;
  readonly file: string;
  /** The note given to `context.skip(note)`, or what the `[needs …]` in a name asks for. */
  readonly reason: string | null;
}

/** What one run of vitest came to. The reporter writes it, `scripts/test.ts` prints it. */
export interface TestSummary {
  readonly passed: number;
  /** Failed tests, files that could not be loaded, and errors outside of any test. */
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
}

/** What a run that never reported counts as: nothing passed, and something is wrong. */
export const noReport: TestSummary = { passed: 0, failed: 1, skipped: [] };

/**
 * Finds why a test was skipped.
 *
 * @param fullName - the test's name with those of its suites; `[needs softhsm2]` in it is the reason
 * @param note - the note given to `context.skip(note)`, if any
 */
export function skipReason(fullName: string, note?: string): string | null {
  if (note !== undefined && note !== "") return note;
  return /\[(needs [^\]]+)\]/.exec(fullName)?.[1] ?? null;
}

// What this project's own continuous integration always provides. Other needs, such as "an ordinary user"
// or "macOS", depend on where the tests run.
const alwaysProvided = /\b(data|softhsm2?|pkcs11(js)?|chromium|openssl|xmllint|postgresql)\b/i;

/**
 * The skipped tests that are failures where everything is provided: those that lack something that is, and
 * those that do not say what they lack.
 */
export function unexcused(skipped: readonly SkippedTest[]): SkippedTest[] {
  return skipped.filter(({ reason }) => reason === null || alwaysProvided.test(reason));
}

/**
 * The report at the end of a run: the skipped tests by name, then the one line that programs read.
 *
 * @param summary - what vitest reported
 * @param everythingIsProvided - true where a skipped test counts as failed (see {@link unexcused})
 * @returns lines without line ends; the last is `N passed, N failed, N skipped`
 */
export function summaryLines(summary: TestSummary, everythingIsProvided: boolean): string[] {
  const refused = everythingIsProvided ? unexcused(summary.skipped) : [];
  const excused = summary.skipped.filter((test) => !refused.includes(test));
  return [
    ...section("Skipped tests:", excused),
    ...section("Skipped, though what they need should be here; counted as failed:", refused),
    `${String(summary.passed)} passed, ${String(summary.failed + refused.length)} failed, ${String(excused.length)} skipped`,
  ];
}

/** Whether a run with that summary is a success. No test at all is none. */
export function succeeded(summary: TestSummary, everythingIsProvided: boolean): boolean {
  if (summary.failed > 0 || summary.passed === 0) return false;
  return !everythingIsProvided || unexcused(summary.skipped).length === 0;
}

function section(title: string, tests: readonly SkippedTest[]): string[] {
  if (tests.length === 0) return [];
  return [
    "",
    title,
    ...tests.map((test) => `  ${test.name}  (${test.file}: ${test.reason ?? "no reason given"})`),
    "",
  ];
}
