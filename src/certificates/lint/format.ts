import { printable } from "../printable.ts";
import type { Finding } from "./rule.ts";

/** What the lint says of one certificate of a file. */
export interface LintedCertificate {
  /** The file, with the certificate's place in it where it holds several: `bundle.pem #2`. */
  readonly file: string;
  /** The profile that it was judged by. */
  readonly profile: string;
  readonly findings: readonly Finding[];
}

/** A file that holds no certificate that can be judged. */
export interface UnreadableFile {
  readonly file: string;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** What became of a file, or of one certificate in it. */
export type LintOutcome = LintedCertificate | UnreadableFile;

/**
 * Writes findings for a person, one line each under its file, with a last line that counts; or for a program as JSON.
 *
 * @param outcomes - in the order in which they are to stand
 * @param form - `json` gives one object with `certificates`, `findings` and `unreadable` (counts) and `files`
 * @returns text that ends with a line end
 */
export function formatFindings(outcomes: readonly LintOutcome[], form: "text" | "json" = "text"): string {
  const counts = count(outcomes);
  if (form === "json") return `${JSON.stringify({ ...counts, files: outcomes }, undefined, 2)}\n`;
  return [...outcomes.flatMap(linesOf), summary(counts), ""].join("\n");
}

interface Counts {
  readonly certificates: number;
  readonly findings: number;
  readonly unreadable: number;
}

function count(outcomes: readonly LintOutcome[]): Counts {
  const linted = outcomes.filter((outcome) => "findings" in outcome);
  const findings = linted.reduce((sum, outcome) => sum + outcome.findings.length, 0);
  return { certificates: linted.length, findings, unreadable: outcomes.length - linted.length };
}

function linesOf(outcome: LintOutcome): string[] {
  if ("error" in outcome) {
    const { code, message, remedy } = outcome.error;
    return [`${printable(outcome.file)}: not readable: ${printable(message)}`, `  ${code}: ${remedy}`];
  }
  const { profile, findings } = outcome;
  const file = printable(outcome.file);
  if (findings.length === 0) return [`${file}: ${profile}, no finding`];
  return [
    `${file}: ${profile}`,
    ...findings.map(({ rule, message, source }) => `  ${rule}: ${printable(message)} [${source}]`),
  ];
}

function summary({ certificates, findings, unreadable }: Counts): string {
  const parts = [counted(certificates, "certificate"), counted(findings, "finding")];
  if (unreadable > 0) parts.push(`${counted(unreadable, "file")} not readable`);
  return parts.join(", ");
}

function counted(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
